import { concat, fromHex, fromUtf8, toHex, toUtf8 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { hashOf } from "../seal/hash.js";
import type { Verifier } from "../seal/note.js";
import type { Fmp4Refusal } from "./boxes.js";
import type { Fragment } from "./fmp4.js";
import type { InitSegment } from "./init.js";
import {
  type FragmentFacts,
  type Manifest,
  type ManifestRefusal,
  openManifest,
  type SignedManifest,
} from "./manifest.js";
import { splitFmp4 } from "./split.js";

/** What is inside a sealed segment: whole boxes, so that a clip's segments put one after another are an MP4. */
export interface PlainSegment {
  /** In a clip's first segment only. */
  readonly init?: Uint8Array;
  readonly fragments: readonly Uint8Array[];
  /** The manifest so far; in the last segment the whole clip's. */
  readonly manifest: SignedManifest;
}

export interface OpenedClip {
  readonly manifest: Manifest;
  /** The same as its camera signed it, to be passed on in part. */
  readonly signed: SignedManifest;
  readonly init: InitSegment;
  readonly fragments: readonly Fragment[];
}

export type ClipRefusal =
  | { readonly kind: "not-an-mp4"; readonly why: Fmp4Refusal }
  | { readonly kind: "no-manifest" }
  | { readonly kind: "manifest-refused"; readonly why: ManifestRefusal }
  | { readonly kind: "init-differs" }
  | { readonly kind: "fragment-differs"; readonly index: number }
  | { readonly kind: "fragments-missing"; readonly expected: number; readonly found: number };

/** The first 16 bytes of SHA-256("lintel manifest/v1"): players pass over `uuid` boxes that they do not know. */
const manifestUuid = "1171ad78527c6d5593dd4ac8736dba8f";
const boxHeaderBytes = 24;

export function formatPlain({ init, fragments, manifest }: PlainSegment): Uint8Array {
  return concat(...(init === undefined ? [] : [init]), ...fragments, manifestBox(manifest));
}

/**
 * Opens a clip from its opened segments, put one after another. Every byte of picture and sound must be what this camera
 * signed, in its order, with nothing missing, repeated or added. `hash` may be the platform's own SHA-256.
 */
export function openClip(mp4: Uint8Array, camera: Verifier, hash = hashOf): Result<OpenedClip, ClipRefusal> {
  const split = splitFmp4(mp4, { extras: ["uuid"] });
  if (!split.ok) return refuse({ kind: "not-an-mp4", why: split.error });
  const { init, fragments, extras } = split.value;
  const signed = extras.map(({ bytes }) => readManifestBox(bytes));
  const last = signed.at(-1);
  if (last === undefined || signed.includes(undefined)) return refuse({ kind: "no-manifest" });
  const manifest = openManifest(last, camera);
  if (!manifest.ok) return refuse({ kind: "manifest-refused", why: manifest.error });
  if (hash(init.bytes) !== manifest.value.init) return refuse({ kind: "init-differs" });
  const expected = manifest.value.fragments.length;
  if (fragments.length !== expected)
    return refuse({ kind: "fragments-missing", expected, found: fragments.length });
  const index = fragments.findIndex(
    (fragment, i) => !isFragment(fragment, manifest.value.fragments[i], hash),
  );
  return index < 0
    ? ok({ manifest: manifest.value, signed: last, init, fragments })
    : refuse({ kind: "fragment-differs", index });
}

/** What a manifest says of a fragment. `hash` may be the platform's own SHA-256. */
export function factsOf(fragment: Fragment, index: number, hash = hashOf): FragmentFacts {
  const { track, time, duration, bytes } = fragment;
  return { index, track, time, duration, bytes: bytes.length, sha256: hash(bytes) };
}

/** Whether a fragment is what the manifest says of it. `hash` may be the platform's own SHA-256. */
export function isFragment(fragment: Fragment, facts: FragmentFacts | undefined, hash = hashOf): boolean {
  if (facts === undefined) return false;
  const found = factsOf(fragment, facts.index, hash);
  return (["track", "time", "duration", "bytes", "sha256"] as const).every(
    (name) => found[name] === facts[name],
  );
}

function manifestBox(manifest: SignedManifest): Uint8Array {
  const body = toUtf8(JSON.stringify(manifest));
  const box = new Uint8Array(boxHeaderBytes + body.length);
  new DataView(box.buffer).setUint32(0, box.length);
  box.set(toUtf8("uuid"), 4);
  box.set(fromHex(manifestUuid), 8);
  box.set(body, boxHeaderBytes);
  return box;
}

function readManifestBox(box: Uint8Array): SignedManifest | undefined {
  if (box.length <= boxHeaderBytes || toHex(box.subarray(8, boxHeaderBytes)) !== manifestUuid)
    return undefined;
  const text = fromUtf8(box.subarray(boxHeaderBytes));
  if (!text.ok) return undefined;
  try {
    const value: unknown = JSON.parse(text.value);
    return isSignedManifest(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSignedManifest(value: unknown): value is SignedManifest {
  if (typeof value !== "object" || value === null || !("note" in value) || !("openings" in value))
    return false;
  const { note, openings } = value;
  return (
    typeof note === "string" &&
    Array.isArray(openings) &&
    openings.every((opening) => opening === null || typeof opening === "string")
  );
}
