import type { Fmp4Refusal } from "../clip/boxes.js";
import { type InitSegment, parseInit } from "../clip/init.js";
import {
  type FragmentFacts,
  type Manifest,
  type ManifestRefusal,
  openManifest,
  type SignedManifest,
} from "../clip/manifest.js";
import { isFragment, type OpenedClip } from "../clip/plain.js";
import { splitFmp4 } from "../clip/split.js";
import { type Millis, millis } from "../kernel/brand.js";
import { concat, equal } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { type Hash, hashOf, hashOfText } from "../seal/hash.js";
import type { Verifier } from "../seal/note.js";
import type { ReleasedClip } from "./authorisation.js";
import { silentInit } from "./silent.js";

/**
 * Which of a clip's fragments are asked for: those between two lines of its manifest, or the longest run of lines that lie wholly
 * between two times. So what was cut by times is cut again by its lines.
 */
export type Wish = ({ readonly from: Millis; readonly to: Millis } | LineRange) & {
  readonly audio: boolean;
};
interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** Whole fragments of one clip, byte for byte as its camera signed them, and what proves it. */
export interface Slice {
  readonly mp4: Uint8Array;
  readonly released: ReleasedClip;
  /** With the openings of what is released, and of nothing else. */
  readonly manifest: SignedManifest;
  /** As the camera signed it: where sound is left out, the MP4's own follows from it. */
  readonly init: Uint8Array;
}

/** What whoever has a slice and the camera's key knows. */
export interface OpenedSlice {
  readonly manifest: Manifest;
  readonly released: ReleasedClip;
  /** Lines of the manifest that were kept back: seconds, and sound, that the camera recorded and nobody released. */
  readonly kept: number;
}

export type SliceRefusal =
  | { readonly kind: "manifest-refused"; readonly why: ManifestRefusal }
  | { readonly kind: "not-an-mp4"; readonly why: Fmp4Refusal }
  | { readonly kind: "init-differs" }
  | { readonly kind: "fragments-missing"; readonly expected: number; readonly found: number }
  | { readonly kind: "fragment-differs"; readonly index: number }
  /** Between two released fragments of a track one was taken out. */
  | { readonly kind: "cut-inside"; readonly index: number };

/** A hash function: `hashOf`, or the platform's own. */
type Hasher = (data: Uint8Array) => Hash;

/**
 * Cuts whole fragments out of a clip without changing one of their bytes. `undefined` where no picture lies wholly inside.
 * Players begin at the first fragment's own time.
 */
export function slice(clip: OpenedClip, wish: Wish, hash: Hasher = hashOf): Slice | undefined {
  const { manifest, init, fragments, signed } = clip;
  const shown = wishedLines(clip, wish);
  if (!shown.some(({ track }) => track === init.track)) return undefined;
  const audio = shown.some(({ track }) => track !== init.track);
  // unreached: a line that is shown was opened with its fragment
  const parts = shown.flatMap(({ index }) => fragments[index]?.bytes ?? []);
  const mp4 = concat(audio ? init.bytes : silentInit(init), ...parts);
  const released = releasedOf(manifest, init, { shown, sha256: hash(mp4) });
  const indices = shown.map(({ index }) => index);
  const openings = signed.openings.map((opening, index) => (indices.includes(index) ? opening : null));
  return { mp4, released, manifest: { note: signed.note, openings }, init: init.bytes };
}

/** What a slice says of itself, held against what its camera signed: every byte of it, in its order, nothing added. */
export function openSlice(
  { mp4, manifest: signed, init: initBytes }: Omit<Slice, "released">,
  camera: Verifier,
  hash: Hasher = hashOf,
): Result<OpenedSlice, SliceRefusal> {
  const manifest = openManifest(signed, camera);
  if (!manifest.ok) return refuse({ kind: "manifest-refused", why: manifest.error });
  const init = parseInit(initBytes);
  if (!init.ok) return refuse({ kind: "not-an-mp4", why: init.error });
  if (hash(initBytes) !== manifest.value.init) return refuse({ kind: "init-differs" });
  const shown = manifest.value.fragments.filter((facts) => facts !== undefined);
  const fault = faultInFilm(mp4, { init: init.value, shown, hash }) ?? faultBetween(shown);
  if (fault !== undefined) return refuse(fault);
  return ok({
    manifest: manifest.value,
    released: releasedOf(manifest.value, init.value, { shown, sha256: hash(mp4) }),
    kept: manifest.value.fragments.length - shown.length,
  });
}

interface Signed {
  readonly init: InitSegment;
  readonly shown: readonly FragmentFacts[];
  readonly hash: Hasher;
}

function faultInFilm(mp4: Uint8Array, { init, shown, hash }: Signed): SliceRefusal | undefined {
  const film = splitFmp4(mp4);
  if (!film.ok) return { kind: "not-an-mp4", why: film.error };
  const audio = shown.some(({ track }) => track !== init.track);
  if (!equal(film.value.init.bytes, audio ? init.bytes : silentInit(init))) return { kind: "init-differs" };
  const { fragments } = film.value;
  if (fragments.length !== shown.length || !shown.some(({ track }) => track === init.track))
    return { kind: "fragments-missing", expected: shown.length, found: fragments.length };
  const index = fragments.findIndex((fragment, at) => !isFragment(fragment, shown[at], hash));
  return index < 0 ? undefined : { kind: "fragment-differs", index };
}

/** Where lines were kept back between two fragments of a track, the track must go on without a gap: they were another's. */
function faultBetween(shown: readonly FragmentFacts[]): SliceRefusal | undefined {
  const cut = shown.find(({ index, track, time }) => {
    const before = shown.findLast((other) => other.track === track && other.index < index);
    return (
      before !== undefined &&
      !isUnbroken(shown, before.index, index) &&
      before.time + before.duration !== time
    );
  });
  return cut && { kind: "cut-inside", index: cut.index };
}

function isUnbroken(shown: readonly FragmentFacts[], from: number, to: number): boolean {
  return shown.filter(({ index }) => index > from && index < to).length === to - from - 1;
}

function wishedLines({ manifest, init }: OpenedClip, wish: Wish): readonly FragmentFacts[] {
  const lines = manifest.fragments.filter((facts) => facts !== undefined);
  const heard = lines.filter(({ track }) => track === init.track || wish.audio);
  if ("first" in wish) return heard.filter(({ index }) => index >= wish.first && index <= wish.last);
  return longestRun(heard, (facts) => {
    const { from, to } = spanOf([facts], manifest, init);
    return from >= wish.from && to <= wish.to;
  });
}

/** Where a second's sound reaches out of the times, the run ends before it: the picture that follows stays with it. */
function longestRun<T>(all: readonly T[], fits: (one: T) => boolean): readonly T[] {
  let longest: readonly T[] = [];
  let run: T[] = [];
  for (const one of all) {
    run = fits(one) ? [...run, one] : [];
    if (run.length > longest.length) longest = run;
  }
  return longest;
}

function releasedOf(
  manifest: Manifest,
  init: InitSegment,
  { shown, sha256 }: { readonly shown: readonly FragmentFacts[]; readonly sha256: Hash },
): ReleasedClip {
  const { clip, camera, charter, text } = manifest;
  const indices = shown.map(({ index }) => index);
  return {
    ...{ clip, camera, charter, manifest: hashOfText(text), ...spanOf(shown, manifest, init) },
    ...{ first: Math.min(...indices), last: Math.max(...indices) },
    ...{ audio: shown.some(({ track }) => track !== init.track), sha256 },
  };
}

/** Wall times by the camera's clock. Parts of a millisecond count as whole ones. */
function spanOf(
  facts: readonly FragmentFacts[],
  { start }: Pick<Manifest, "start">,
  { tracks }: InitSegment,
): { readonly from: Millis; readonly to: Millis } {
  // unreached: each fragment's track is one of the film's
  const scaleOf = (track: number): number => tracks.find(({ id }) => id === track)?.timescale ?? 1;
  const from = facts.map(({ track, time }) => Math.floor((time * 1_000) / scaleOf(track)));
  const to = facts.map(({ track, time, duration }) =>
    Math.ceil(((time + duration) * 1_000) / scaleOf(track)),
  );
  return { from: millis(start + Math.min(...from)), to: millis(start + Math.max(...to)) };
}
