import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { fromBase64, toBase64 } from "../../shared/kernel/bytes.js";
import type { Signer } from "../../shared/seal/note.js";
import { releaseKeyName } from "../../shared/seal/release.js";

const keyBytes = 32;
/** Signs what a developer builds. The key of real releases lies offline, and its path is given. */
export const developmentKey = join(homedir(), ".config", "lintel", "release-development.key");

/** The key that signs packages: base64 of 32 bytes, for its owner's eyes only. The development key is made at its first use. */
export function openReleaseKey(path: string, project: string): Signer {
  const key = resolve(path);
  if (isInside(key, project))
    throw new Error(
      `The release key ${key} lies in the project. Keep it elsewhere: it must never be committed.`,
    );
  if (!existsSync(key)) {
    if (key !== developmentKey)
      throw new Error(
        `There is no release key ${key}. Give the path of the one that signs, or none for a development key.`,
      );
    mkdirSync(dirname(key), { recursive: true, mode: 0o700 });
    // Power lost in the middle: the file is not whole, and the next build says so.
    writeFileSync(key, `${toBase64(randomBytes(keyBytes))}\n`, { mode: 0o600, flag: "wx" });
  }
  if ((statSync(key).mode & 0o077) !== 0)
    throw new Error(`Others can read the release key ${key}. Make it its owner's alone: chmod 600 ${key}`);
  const secret = fromBase64(readFileSync(key, "utf8").trim());
  if (!secret.ok || secret.value.length !== keyBytes)
    throw new Error(`${key} is no release key: base64 of 32 bytes is expected.`);
  return { name: releaseKeyName, secretKey: secret.value };
}

function isInside(path: string, folder: string): boolean {
  const place = existsSync(dirname(path)) ? realpathSync(dirname(path)) : dirname(path);
  return `${place}${sep}`.startsWith(`${realpathSync(folder)}${sep}`);
}
