import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { nativeSigner } from "../../shared/seal/native.io.js";
import type { Signer } from "../../shared/seal/note.js";
import { formatSigner, parseSigner } from "../../shared/seal/skey.js";
import { keepPrivate, privateDirectory } from "../household/privatefile.io.js";

/**
 * Opens the log's signing key, made at the first start under the name that `newName` gives. It is in no backup: who restores
 * one begins another log, so that no size of this one ever gets a second root (shared/decisions/0051).
 */
export async function openLogKey(
  directory: string,
  wanted: string,
  newName: () => Promise<string>,
): Promise<Signer> {
  await privateDirectory(directory);
  const path = join(directory, "log.key");
  const text = await keepPrivate(path, async () =>
    formatSigner({ name: await newName(), secretKey: new Uint8Array(randomBytes(32)) }),
  );
  const signer = parseSigner(text);
  if (signer === undefined)
    throw new Error(
      `${path} is not the key of a log. Move it away: another log is begun under another name.`,
    );
  if (signer.name !== wanted && !signer.name.startsWith(`${wanted}-`))
    throw new Error(
      `The log's name is ${signer.name} for ever, but LINTEL_LOG_ORIGIN asks for ${wanted}. Set it to that name; to begin another log, move ${path} away.`,
    );
  return nativeSigner(signer);
}
