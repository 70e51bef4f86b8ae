import { readFileSync } from "node:fs";

/** The golden vectors of one format. Once published, a vector is never edited; new ones are added. */
export function vectors<T>(name: string): T {
  const root = new URL("../../../shared/vectors/", import.meta.url);
  return JSON.parse(readFileSync(new URL(`${name}.json`, root), "utf8")) as T;
}

/** Every text that differs from this one by one flipped bit; sampled with `step` characters between. */
export function* flippedBits(bytes: Uint8Array, step: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
    yield copy;
  }
}
