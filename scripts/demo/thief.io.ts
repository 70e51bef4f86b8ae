import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { identityOf } from "../../shared/charter/keys.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { type Identity, newIdentity, open } from "../../shared/seal/age.js";

/** What somebody finds who takes the whole cloud away: every value that could be a key. */
export interface Loot {
  readonly files: number;
  readonly bytes: number;
  /** Age identities of all 32-byte values in the files, and any that stands there in clear. */
  readonly identities: readonly Identity[];
}

const keyBytes = 32;
const filesBytesMax = 512 * 1024 * 1024;

/** Reads the cloud's data directory as a thief would: databases with their logs, keys, certificates, bodies. */
export function stealCloud(directory: string): Loot {
  const found = new Set<Identity>();
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  let bytes = 0;
  for (const { parentPath, name } of files) {
    if (bytes > filesBytesMax) break;
    const content = readFileSync(join(parentPath, name));
    bytes += content.length;
    for (const identity of identitiesIn(content)) found.add(identity);
  }
  return { files: files.length, bytes, identities: [...found] };
}

/** How many of these sealed bytes open with the loot, and how many with a key that somebody just made up. */
export async function tryToOpen(
  sealed: readonly Uint8Array[],
  { identities }: Loot,
): Promise<{ readonly withLoot: number; readonly withFreshKey: number }> {
  const fresh = [await newIdentity()];
  let withLoot = 0;
  let withFreshKey = 0;
  for (const bytes of sealed) {
    if ((await open(bytes, identities)).ok) withLoot++;
    if ((await open(bytes, fresh)).ok) withFreshKey++;
  }
  return { withLoot, withFreshKey };
}

function* identitiesIn(content: Buffer): Generator<Identity> {
  const text = content.toString("latin1");
  for (const [identity] of text.matchAll(/AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/g)) yield identity;
  for (const key of keysIn(content)) yield identityOf(key);
}

/** Every 32-byte value that stands there as itself, in base64 or in a private key's PEM. */
export function* keysIn(content: Buffer): Generator<Uint8Array> {
  if (content.length === keyBytes) yield new Uint8Array(content);
  const text = content.toString("latin1");
  for (const [match] of text.matchAll(/[A-Za-z0-9+/]{43}=/g)) yield* keyIn(match);
  for (const [, pem = ""] of text.matchAll(/-----BEGIN[A-Z ]*KEY-----([A-Za-z0-9+/=\s]+)-----END/g)) {
    const der = Buffer.from(pem, "base64");
    for (let at = 0; at + keyBytes <= der.length; at++) yield der.subarray(at, at + keyBytes);
  }
}

function* keyIn(base64: string): Generator<Uint8Array> {
  const key = fromBase64(base64);
  if (key.ok && key.value.length === keyBytes) yield key.value;
}
