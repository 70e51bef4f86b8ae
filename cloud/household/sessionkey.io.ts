import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { keepPrivate, privateDirectory } from "./privatefile.io.js";

/** The Ed25519 key pair that signs members' session tokens, PEM. */
export interface SessionKey {
  readonly privatePem: string;
  readonly publicPem: string;
}

/** Opens the session key, made at the first start. Deleting its file logs every member out. */
export async function openSessionKey(directory: string): Promise<SessionKey> {
  await privateDirectory(directory);
  const privatePem = await keepPrivate(join(directory, "session.key"), async () =>
    generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  );
  const publicPem = createPublicKey(privatePem).export({ format: "pem", type: "spki" }).toString();
  return { privatePem, publicPem };
}
