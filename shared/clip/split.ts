import { ok } from "../kernel/result.js";
import { type Box, type Parsed, readBoxes, wrong } from "./boxes.js";
import { type Fragment, parseFragment } from "./fmp4.js";
import { type InitSegment, parseInit } from "./init.js";

/** A top-level box that is neither init nor fragment, of a type that the caller allowed. */
export interface ExtraBox {
  readonly type: string;
  /** The whole box, header included. */
  readonly bytes: Uint8Array;
  /** How many fragments stand before it. */
  readonly after: number;
}

export interface Fragments {
  readonly fragments: readonly Fragment[];
  readonly extras: readonly ExtraBox[];
}

export interface Fmp4 extends Fragments {
  readonly init: InitSegment;
}

export interface SplitOptions {
  /** Types of top-level boxes that may stand between fragments, such as `uuid`. None without it. */
  readonly extras?: readonly string[];
}

/** A whole recording: `ftyp`, `moov`, then `moof`+`mdat` pairs of tracks that the `moov` names, and nothing else. */
export function splitFmp4(bytes: Uint8Array, options: SplitOptions = {}): Parsed<Fmp4> {
  const boxes = readBoxes(bytes, 0, bytes.length);
  if (!boxes.ok) return boxes;
  const initEnd = boxes.value[1]?.end ?? bytes.length;
  const init = parseInit(bytes.subarray(0, initEnd));
  if (!init.ok) return init;
  const rest = pairs(bytes, boxes.value.slice(2), options);
  if (!rest.ok) return rest;
  const stray = rest.value.fragments.find((f) => !init.value.tracks.some((t) => t.id === f.track));
  if (stray !== undefined) {
    return wrong("malformed", { type: "moof", start: stray.bytes.byteOffset - bytes.byteOffset });
  }
  return ok({ init: init.value, ...rest.value });
}

/** The same for a later part of a recording, which has no init segment. */
export function splitFragments(bytes: Uint8Array, options: SplitOptions = {}): Parsed<Fragments> {
  const boxes = readBoxes(bytes, 0, bytes.length);
  return boxes.ok ? pairs(bytes, boxes.value, options) : boxes;
}

function pairs(bytes: Uint8Array, boxes: readonly Box[], options: SplitOptions): Parsed<Fragments> {
  const fragments: Fragment[] = [];
  const extras: ExtraBox[] = [];
  for (let i = 0; i < boxes.length; i++) {
    const box = boxes[i] as Box;
    if (options.extras?.includes(box.type)) {
      extras.push({ type: box.type, bytes: bytes.subarray(box.start, box.end), after: fragments.length });
      continue;
    }
    if (box.type !== "moof") return wrong("unexpected-box", box);
    const mdat = boxes[++i];
    if (mdat === undefined) return wrong("missing-box", { type: "mdat", start: box.end });
    const fragment = parseFragment(bytes.subarray(box.start, mdat.end));
    if (!fragment.ok)
      return wrong(fragment.error.kind, { type: fragment.error.box, start: box.start + fragment.error.at });
    fragments.push(fragment.value);
  }
  return ok({ fragments, extras });
}
