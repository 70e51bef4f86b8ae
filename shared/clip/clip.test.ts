import { test } from "tap";
import { formatRenewal, parseRenewal } from "../charter/renewal.js";
import { concat, toUtf8 } from "../kernel/bytes.js";
import { hashOfText } from "../seal/hash.js";
import { formatVerifier, parseVerifier, signNote, textOf, type Verifier, verifierOf } from "../seal/note.js";
import { commitment, formatOpening } from "../seal/opening.js";
import { formatPackageWord, parsePackageWord } from "../seal/release.js";
import { vectors } from "../vectors/vectors.contract.js";
import { formatDeletion, formatReceipt, parseDeletion, parseReceipt } from "./custody.js";
import { openManifest, type SignedManifest } from "./manifest.js";
import { openClip } from "./plain.js";
import { formatSegment, openSegment, openSegmentChain, parseSegment } from "./segment.js";

interface TextVectors {
  readonly valid: readonly { readonly text: string; readonly hash?: string }[];
  readonly invalid: readonly { readonly why: string; readonly text: string; readonly kind: string }[];
}
interface SegmentVectors extends TextVectors {
  readonly cameraKey: string;
  readonly validChains: readonly { readonly why: string; readonly notes: readonly string[] }[];
  readonly invalidChains: readonly {
    readonly why: string;
    readonly notes: readonly string[];
    readonly kind: string;
  }[];
}
interface ManifestVectors {
  readonly cameraKey: string;
  readonly valid: readonly {
    readonly why: string;
    readonly manifest: SignedManifest;
    readonly fragments: readonly unknown[];
    readonly hash: string | null;
  }[];
  readonly invalid: readonly {
    readonly why: string;
    readonly manifest: SignedManifest;
    readonly kind: string;
  }[];
}

const segments = vectors<SegmentVectors>("segment");
const manifests = vectors<ManifestVectors>("manifest");

test("ciphertext notes, receipts, deletions, renewals and packages read as the vectors say", async (t) => {
  const custody = vectors<{ receipt: TextVectors; deletion: TextVectors }>("custody");
  const written = {
    segment: (text: string) => map(parseSegment(text), formatSegment),
    receipt: (text: string) => map(parseReceipt(text), formatReceipt),
    deletion: (text: string) => map(parseDeletion(text), formatDeletion),
    release: (text: string) => map(parsePackageWord(text), formatPackageWord),
    renewal: (text: string) => map(parseRenewal(text), formatRenewal),
  };
  const cases = {
    segment: segments,
    ...custody,
    renewal: vectors<TextVectors>("renewal"),
    release: vectors<TextVectors>("release"),
  };
  for (const name of ["segment", "receipt", "deletion", "renewal", "release"] as const) {
    for (const { text } of cases[name].valid) t.equal(written[name](text), text, name);
    for (const { why, text, kind } of cases[name].invalid)
      t.equal(written[name](text), kind, `${name}: ${why}`);
  }
  for (const { text, hash } of segments.valid) t.equal(hashOfText(text), hash);
});

test("a clip's notes open as a chain without a gap, from one camera", async (t) => {
  for (const { why, notes } of segments.validChains) {
    const chain = openSegmentChain(notes, key(segments.cameraKey));
    t.equal(chain.ok && chain.value.length, notes.length, why);
  }
  for (const { why, notes, kind } of segments.invalidChains) {
    const chain = openSegmentChain(notes, key(segments.cameraKey));
    t.equal(chain.ok ? "opened" : chain.error.kind, kind, why);
  }
});

test("a signed text that is no ciphertext note is refused, and a line of a manifest by each of its numbers", async (t) => {
  const camera = { name: "camera-a", secretKey: new Uint8Array(32).fill(7) };
  t.match(openSegment(signNote("other/v1\nx\n", [camera]), verifierOf(camera)), {
    error: { kind: "other-note-type" },
  });
  const [{ manifest } = { manifest: undefined }] = manifests.valid;
  if (manifest === undefined) return t.fail("no vector");
  const salt = new Uint8Array(16);
  const withLine = (line: string, previous: string) => {
    const text = textOf(manifest.note)
      .replace(/^(fragment .*\n)+/m, `fragment ${commitment({ salt, line })}\n`)
      .replace(/^previous .*$/m, `previous ${previous}`);
    return openManifest(
      { note: signNote(text, [camera]), openings: [formatOpening({ salt, line })] },
      verifierOf(camera),
    );
  };
  const good = `0 1 0 5 9 ${hashOfText("x")}`;
  t.equal(withLine(good, "unknown").ok, true);
  t.equal(withLine(good, hashOfText("y")).ok, true);
  for (let at = 0; at < 5; at++) {
    const line = good.split(" ").with(at, "-1").join(" ");
    t.match(withLine(line, "none"), { error: { kind: "bad-field", field: "fragment 0" } }, line);
  }
});

test("manifests open as the vectors say, also with openings kept back", async (t) => {
  for (const { why, manifest, fragments, hash } of manifests.valid) {
    const opened = openManifest(manifest, key(manifests.cameraKey));
    if (!opened.ok) return t.fail(`${why}: ${opened.error.kind}`);
    t.same(
      opened.value.fragments.map((one) => one ?? null),
      fragments,
      why,
    );
    if (hash !== null) t.equal(hashOfText(opened.value.text), hash);
  }
  for (const { why, manifest, kind } of manifests.invalid) {
    const opened = openManifest(manifest, key(manifests.cameraKey));
    t.equal(opened.ok ? "opened" : opened.error.kind, kind, why);
  }
});

test("what is not a clip is refused without an exception", async (t) => {
  const camera = key(manifests.cameraKey);
  for (const bytes of [
    new Uint8Array(0),
    toUtf8("hello, this is no MP4"),
    concat(new Uint8Array(8), new Uint8Array(8)),
  ]) {
    const opened = openClip(bytes, camera);
    t.equal(opened.ok ? "opened" : opened.error.kind, "not-an-mp4");
  }
  t.equal(formatVerifier(camera), manifests.cameraKey);
});

function key(text: string): Verifier {
  const parsed = parseVerifier(text);
  if (!parsed.ok) throw new Error("the vector's key does not parse");
  return parsed.value;
}

function map<T>(
  result: { ok: true; value: T } | { ok: false; error: { kind: string } },
  format: (value: T) => string,
): string {
  return result.ok ? format(result.value) : result.error.kind;
}
