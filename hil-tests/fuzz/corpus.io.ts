import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "./target.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/hil-tests/fuzz/
/** Inputs that once reached a branch which nothing before them did, and those that once broke something. */
const corpus = join(root, "hil-tests/fuzz/corpus");
const finds = join(root, ".build/fuzz");

const extensions = { text: "txt", json: "json", bytes: "bin" } as const;

export function readCorpus({ name }: Target): readonly Uint8Array[] {
  const folder = join(corpus, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => new Uint8Array(readFileSync(join(folder, file))));
}

export function keepInput(target: Target, input: Uint8Array): string {
  return writeInput(corpus, target, input);
}

/** Beside the build, for whoever mends it; then it belongs into the corpus. */
export function writeFind(target: Target, input: Uint8Array): string {
  return writeInput(finds, target, input);
}

/** Named by its hash: the same input is kept once. */
function writeInput(folder: string, { name, form }: Target, input: Uint8Array): string {
  const hash = createHash("sha256").update(input).digest("hex").slice(0, 16);
  mkdirSync(join(folder, name), { recursive: true });
  const path = join(folder, name, `${hash}.${extensions[form]}`);
  writeFileSync(path, input);
  return path;
}
