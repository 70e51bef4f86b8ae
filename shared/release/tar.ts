import { assert } from "../kernel/assert.js";
import { equal, fromUtf8, toUtf8 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";

/** One file of a POSIX tar (ustar, IEEE Std 1003.1): its name, at most 100 ASCII letters, and its bytes. */
export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Not the one form in which `writeTar` writes: at this byte. */
export interface TarRefusal {
  readonly kind: "not-our-tar";
  readonly at: number;
}

const block = 512;
const end = new Uint8Array(2 * block);
const nameBytesMax = 100;
/** Eleven octal digits: 8 GiB. */
const sizeDigits = 11;

/** The same files give the same bytes: owner root, mode 0644, time 0, nothing else. `tar -x` reads it. */
export function writeTar(files: readonly TarFile[]): Uint8Array {
  const total = files.reduce((sum, { bytes }) => sum + block + paddedTo(bytes.length), end.length);
  const tar = new Uint8Array(total);
  let at = 0;
  for (const { name, bytes } of files) {
    tar.set(headerOf(name, bytes.length), at);
    tar.set(bytes, at + block);
    at += block + paddedTo(bytes.length);
  }
  return tar;
}

/** Files as views of `tar`. Refuses every byte that `writeTar` would not have written, padding included. */
export function readTar(tar: Uint8Array): Result<readonly TarFile[], TarRefusal> {
  const files: TarFile[] = [];
  let at = 0;
  for (; tar.length - at > end.length; ) {
    const file = fileAt(tar, at);
    if (file === undefined) return refuse({ kind: "not-our-tar", at });
    files.push(file);
    at += block + paddedTo(file.bytes.length);
  }
  return equal(tar.subarray(at), end) ? ok(files) : refuse({ kind: "not-our-tar", at });
}

function fileAt(tar: Uint8Array, at: number): TarFile | undefined {
  const header = tar.subarray(at, at + block);
  const name = fromUtf8(header.subarray(0, nameBytesMax));
  const size = fromUtf8(header.subarray(124, 124 + sizeDigits));
  if (!name.ok || !size.ok || !/^[0-7]{11}$/.test(size.value)) return undefined;
  const length = Number.parseInt(size.value, 8);
  const file = { name: name.value.replace(/\0+$/, ""), bytes: tar.subarray(at + block, at + block + length) };
  const padding = tar.subarray(at + block + length, at + block + paddedTo(length));
  const whole = file.bytes.length === length && padding.length === paddedTo(length) - length;
  if (!whole || !isTarName(file.name) || padding.some((byte) => byte !== 0)) return undefined;
  return equal(header, headerOf(file.name, length)) ? file : undefined;
}

function headerOf(name: string, size: number): Uint8Array {
  assert(isTarName(name) && size < 8 ** sizeDigits, `${name} does not fit into a tar`);
  const header = new Uint8Array(block);
  const put = (at: number, text: string): void => header.set(toUtf8(text), at);
  put(0, name);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${octal(size, sizeDigits)}\0`);
  put(136, `${octal(0, sizeDigits)}\0`);
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\x0000");
  put(265, "root");
  put(297, "root");
  put(329, "0000000\0");
  put(337, "0000000\0");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return header;
}

/** Names that lead nowhere but below the folder that they are unpacked into. */
function isTarName(name: string): boolean {
  return name.length <= nameBytesMax && /^[A-Za-z0-9][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$/.test(name);
}

const paddedTo = (length: number): number => Math.ceil(length / block) * block;
const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
