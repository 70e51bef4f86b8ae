// What a forger does to a package, for tests.
import { sha256 } from "@noble/hashes/sha2.js";
import { millis } from "../kernel/brand.js";
import { fromUtf8, toHex, toUtf8 } from "../kernel/bytes.js";
import { film } from "./home.contract.js";
import { asked, newRelease, type ReleaseWish, type TestRelease } from "./release.contract.js";
import { readTar, writeTar } from "./tar.js";
import { day } from "./testing.contract.js";
import { type VerifyOptions, verifyPackage } from "./verify.js";

export const now = millis(asked + 10 * day);
export const small = film({ size: "64x48", quality: "40" });
export const release = (wish: ReleaseWish = {}): TestRelease => newRelease({ film: small, ...wish });
export const good = release();
export const options: VerifyOptions = { policy: good.log.policy, now };
export const mp4Name = `clips/${good.slice.released.clip}.mp4`;

/** `verified`, or the refusal's kind, with the kind of what is behind it. */
export function verdictOn(tar: Uint8Array, changes: Partial<VerifyOptions> = {}): string {
  const verified = verifyPackage(tar, { ...options, ...changes });
  if (verified.ok) return "verified";
  const why =
    "why" in verified.error && typeof verified.error.why === "object" ? ` ${verified.error.why.kind}` : "";
  const what = "what" in verified.error ? ` ${verified.error.what}` : "";
  const name = "name" in verified.error ? ` ${verified.error.name}` : "";
  return `${verified.error.kind}${why}${what}${name}`;
}

export type Edit = (bytes: Uint8Array) => Uint8Array | undefined;

/** What a forger hands on: one file edited or taken out (or one more put in), and the sums made to fit. */
export function forged(tar: Uint8Array, name: string, edit: Edit): Uint8Array {
  const read = readTar(tar);
  if (!read.ok) throw new Error("not a tar");
  const files = read.value.flatMap((file) => {
    const bytes = file.name === name ? edit(file.bytes) : file.bytes;
    return bytes === undefined ? [] : [{ name: file.name, bytes }];
  });
  const at = files.findIndex((file) => file.name === "SHA256SUMS");
  const sums = files.slice(0, at).map((file) => `${toHex(sha256(file.bytes))}  ${file.name}\n`);
  return writeTar(
    files.map((file, place) => (place === at ? { ...file, bytes: toUtf8(sums.join("")) } : file)),
  );
}

export const replaced =
  (from: string, to: string): Edit =>
  (bytes) => {
    const text = fromUtf8(bytes);
    if (!text.ok || !text.value.includes(from)) throw new Error(`no ${from} in it`);
    return toUtf8(text.value.replace(from, to));
  };
export const flipAt =
  (place: number): Edit =>
  (bytes) => {
    const copy = bytes.slice();
    const at = place < 0 ? copy.length + place : place;
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
export const gone: Edit = () => undefined;
