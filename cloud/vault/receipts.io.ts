import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { formatReceipt, type Receipt } from "../../shared/clip/custody.js";
import { cameraIdOf } from "../../shared/kernel/ids.js";
import { nativeSigner } from "../../shared/seal/native.io.js";
import { formatVerifier, signNote, verifierOf } from "../../shared/seal/note.js";
import { keepPrivate } from "../household/privatefile.io.js";

/** Signs for what the vault holds. Cameras learn the key at enrolment and believe no other. */
export interface Receipts {
  /** The public key as vkey text. */
  readonly vaultKey: string;
  sign(receipt: Receipt): string;
}

/** Opens the vault's signing key, made at the first start. */
export async function openReceipts(directory: string): Promise<Receipts> {
  const text = await keepPrivate(join(directory, "vault.key"), async () =>
    randomBytes(32).toString("base64"),
  );
  const secretKey = Uint8Array.from(Buffer.from(text.trim(), "base64"));
  if (secretKey.length !== 32) {
    throw new Error(
      `${join(directory, "vault.key")} is not a key of 32 bytes. Restore it: cameras believe this key only.`,
    );
  }
  const { publicKey } = verifierOf({ name: "vault", secretKey });
  // Made of the public key as cameras' ids are: 16 characters of base32, the first 80 bits of its SHA-256.
  const signer = nativeSigner({ name: `vault-${cameraIdOf(publicKey)}`, secretKey });
  return {
    vaultKey: formatVerifier({ name: signer.name, publicKey }),
    sign: (receipt) => signNote(formatReceipt(receipt), [signer]),
  };
}
