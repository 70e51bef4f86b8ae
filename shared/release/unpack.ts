import type { SignedCharter } from "../charter/charter.js";
import type { SignedManifest } from "../clip/manifest.js";
import { equal, fromBase64, fromUtf8, toHex } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import type { Hash } from "../seal/hash.js";
import { textOf } from "../seal/note.js";
import { parseAuthorisation } from "./authorisation.js";
import type { Evidence } from "./evidence.js";
import {
  type AskEvidence,
  type Escrow,
  type PackageParts,
  type PackedClip,
  type PackedSegment,
  sumsName,
} from "./package.js";
import { readTar, type TarFile, type TarRefusal } from "./tar.js";

export type UnpackRefusal =
  | TarRefusal
  | { readonly kind: "file-missing"; readonly name: string }
  | { readonly kind: "file-unknown"; readonly name: string }
  | { readonly kind: "file-malformed"; readonly name: string }
  /** It is not the file that the package was made with. */
  | { readonly kind: "sum-differs"; readonly name: string };

export interface Unpacked {
  readonly files: readonly TarFile[];
  readonly parts: PackageParts;
}

/** A package's files and the parts that they hold. Says nothing yet of what was signed. */
export function unpackRelease(
  tar: Uint8Array,
  hash: (data: Uint8Array) => Hash,
): Result<Unpacked, UnpackRefusal> {
  const files = readTar(tar);
  if (!files.ok) return files;
  const fault = faultInSums(files.value, hash);
  if (fault !== undefined) return refuse(fault);
  try {
    const drawer = new Drawer(files.value);
    const parts = readParts(drawer);
    const [left] = drawer.left();
    return left === undefined
      ? ok({ files: files.value, parts })
      : refuse({ kind: "file-unknown", name: left });
  } catch (error) {
    // unreached: anything else is a fault of ours, and goes on as it is
    if (error instanceof Unfit) return refuse(error.refusal);
    throw error;
  }
}

/** Each file before the sums is what they say; the escrow's, which came later, stand behind them. */
function faultInSums(files: readonly TarFile[], hash: (data: Uint8Array) => Hash): UnpackRefusal | undefined {
  const at = files.findIndex(({ name }) => name === sumsName);
  if (at < 0) return { kind: "file-missing", name: sumsName };
  // unreached: it was found at this place
  const sums = fromUtf8(files[at]?.bytes ?? new Uint8Array());
  const lines = sums.ok ? sums.value.split("\n") : [];
  const wrong = files.slice(0, at).find(({ name, bytes }, line) => {
    const sum = fromBase64(hash(bytes));
    return !sum.ok || lines[line] !== `${toHex(sum.value)}  ${name}`;
  });
  if (wrong !== undefined) return { kind: "sum-differs", name: wrong.name };
  return lines.length === at + 1 && lines[at] === "" ? undefined : { kind: "sum-differs", name: sumsName };
}

class Unfit extends Error {
  readonly refusal: UnpackRefusal;
  constructor(refusal: UnpackRefusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}

/** Files by name, each taken once. */
class Drawer {
  private readonly files: Map<string, Uint8Array>;

  constructor(files: readonly TarFile[]) {
    this.files = new Map();
    for (const { name, bytes } of files) {
      if (this.files.has(name)) throw new Unfit({ kind: "file-unknown", name });
      this.files.set(name, bytes);
    }
    this.files.delete(sumsName);
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  left(): readonly string[] {
    return [...this.files.keys()];
  }

  bytes(name: string): Uint8Array {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Unfit({ kind: "file-missing", name });
    this.files.delete(name);
    return bytes;
  }

  text(name: string): string {
    const text = fromUtf8(this.bytes(name));
    if (!text.ok) throw new Unfit({ kind: "file-malformed", name });
    return text.value;
  }

  /** JSON in the one form in which it was written. */
  json<T>(name: string, is: (value: unknown) => value is T): T {
    const text = this.text(name);
    const value = parsed(text);
    if (!is(value) || JSON.stringify(value) !== text) throw new Unfit({ kind: "file-malformed", name });
    return value;
  }

  evidence(name: string): Evidence {
    return { entry: this.text(`${name}.entry`), proof: this.text(`${name}.proof`) };
  }

  /** What stands under numbers from 1 on. */
  numbered<T>(nameOf: (at: number) => string, read: (name: string) => T, extension: string): readonly T[] {
    const found: T[] = [];
    for (let at = 1; this.has(`${nameOf(at)}${extension}`); at++) found.push(read(nameOf(at)));
    return found;
  }
}

/** What follows from the parts is written anew from them later, and compared: here it is only taken out. */
const papers = [
  "HOWTO.txt",
  "custody.txt",
  "declaration.txt",
  "record.json",
  "record.jsonld",
  "record.kantara.json",
];

function readParts(drawer: Drawer): PackageParts {
  for (const name of papers) drawer.bytes(name);
  const authorisation = drawer.text("authorisation.note");
  const said = parseAuthorisation(textOf(authorisation));
  if (!said.ok) throw new Unfit({ kind: "file-malformed", name: "authorisation.note" });
  const escrow = drawer.has("escrow.act") ? readEscrow(drawer) : undefined;
  return {
    ...{ authorisation, request: drawer.text("request.note"), terms: drawer.text("terms.txt") },
    ...readWords(drawer),
    agreements: drawer.numbered(
      (at) => `agreement/${at}`,
      (name) => drawer.text(`${name}.note`),
      ".note",
    ),
    charters: drawer.numbered(
      (at) => `charters/${at}`,
      (name) => drawer.json(`${name}.json`, isSignedLines),
      ".json",
    ),
    clips: said.value.clips.map(({ clip }) => readClip(drawer, clip)),
    policy: drawer.text("proofs/policy.txt"),
    requestEvidence: readAskEvidence(drawer),
    agreementEvidence: drawer.numbered(
      (at) => `proofs/agreement-${at}`,
      (name) => drawer.evidence(name),
      ".entry",
    ),
    charterEvidence: drawer.numbered(
      (at) => `proofs/charter-${at}`,
      (name) => ({ ...drawer.evidence(name), salt: drawer.text(`${name}.salt`).trimEnd() }),
      ".entry",
    ),
    footageEvidence: drawer.numbered(
      (at) => `proofs/footage-${at}`,
      (name) => drawer.evidence(name),
      ".entry",
    ),
    ...(escrow && { escrow }),
  };
}

function readWords(drawer: Drawer): Pick<PackageParts, "words"> {
  const words = drawer.numbered(
    (at) => `words/${at}`,
    (name) => drawer.text(`${name}.note`),
    ".note",
  );
  return words.length > 0 ? { words } : {};
}

function readAskEvidence(drawer: Drawer): AskEvidence {
  const name = "proofs/request";
  const evidence = drawer.evidence(name);
  return drawer.has(`${name}.salt`) ? { ...evidence, salt: drawer.text(`${name}.salt`).trimEnd() } : evidence;
}

function readClip(drawer: Drawer, clip: PackedClip["clip"]): PackedClip {
  return {
    clip,
    mp4: drawer.bytes(`clips/${clip}.mp4`),
    init: drawer.bytes(`clips/${clip}.init.mp4`),
    manifest: drawer.json(`clips/${clip}.manifest.json`, isSignedLines),
    segments: drawer.json(`clips/${clip}.segments.json`, isSegments),
  };
}

function readEscrow(drawer: Drawer): Escrow {
  return { act: drawer.text("escrow.act"), path: drawer.text("escrow.path"), ...drawer.evidence("escrow") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSignedLines(value: unknown): value is SignedCharter & SignedManifest {
  if (!hasOnly(value, ["note", "openings"])) return false;
  const { note, openings } = value;
  const isOpening = (opening: unknown): boolean => opening === null || typeof opening === "string";
  return typeof note === "string" && Array.isArray(openings) && openings.every(isOpening);
}

function isSegments(value: unknown): value is readonly PackedSegment[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) => hasOnly(one, ["note", "path"]) && Object.values(one).every((text) => typeof text === "string"),
    )
  );
}

function hasOnly(value: unknown, keys: readonly string[]): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.keys(value).join() === keys.join();
}

/** Whether the files are exactly these; else the name of the first that is not. */
export function firstDifference(found: readonly TarFile[], made: readonly TarFile[]): string | undefined {
  const wrong = found.findIndex(({ name, bytes }, at) => {
    const twin = made[at];
    return twin?.name !== name || !equal(twin.bytes, bytes);
  });
  if (wrong >= 0) return found[wrong]?.name;
  return made.length === found.length ? undefined : made[found.length]?.name;
}
