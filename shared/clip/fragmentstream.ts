import { type Box, type Fmp4Refusal, headerBytesMax, readHeader } from "./boxes.js";
import { type Fragment, parseFragment } from "./fmp4.js";
import { type InitSegment, parseInit } from "./init.js";

/** Largest `ftyp+moov` or `moof+mdat` that the stream gathers: 2 s at 28 Mbit/s, which still fits into a sealed segment. */
const unitBytesMax = 7 * 1024 * 1024;

export type StreamEvent =
  | { readonly kind: "init"; readonly init: InitSegment }
  | { readonly kind: "fragment"; readonly fragment: Fragment }
  | { readonly kind: "refused"; readonly refusal: Fmp4Refusal };

const initUnit: readonly string[] = ["ftyp", "moov"];
const fragmentUnit: readonly string[] = ["moof", "mdat"];

/**
 * Turns a pipe's bytes, however they are cut, into one init segment and then fragments. Each unit that it hands
 * out is its own memory; it holds at most one unit of at most `limit` bytes.
 */
export class FragmentStream {
  private unit = new Uint8Array(headerBytesMax);
  private filled = 0;
  /** Where the box that is being read starts in `unit`. */
  private boxStart = 0;
  /** Bytes of `unit` wanted before the next decision: a header is readable, or a box is whole. */
  private goal = 8;
  private order = initUnit;
  private dead = false;

  private readonly limit: number;

  constructor(limit: number = unitBytesMax) {
    this.limit = limit;
  }

  /** What these bytes completed, in order. After its one `refused` it answers nothing any more. */
  push(chunk: Uint8Array): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    for (let at = 0; at < chunk.length && !this.dead; ) {
      const taken = Math.min(this.goal - this.filled, chunk.length - at);
      this.unit.set(chunk.subarray(at, at + taken), this.filled);
      this.filled += taken;
      at += taken;
      // One byte can meet several goals: a header, then the empty box that it announces.
      while (this.filled === this.goal && !this.dead) {
        const event = this.decide();
        if (event !== undefined) events.push(event);
        this.dead = event?.kind === "refused";
      }
    }
    return events;
  }

  /** Bytes of an unfinished unit: 0 when the stream may end here without loss. */
  pending(): number {
    return this.filled;
  }

  private decide(): StreamEvent | undefined {
    const place = this.boxStart === 0 ? 0 : 1;
    const header = readHeader(this.unit.subarray(0, this.filled), this.boxStart);
    if (header === undefined) return this.want(this.boxStart + headerBytesMax);
    if (!header.ok) return { kind: "refused", refusal: header.error };
    const refusal = objection(header.value, this.order[place], this.limit);
    if (refusal !== undefined) return { kind: "refused", refusal };
    const { end } = header.value;
    if (this.filled < end) return this.want(end);
    if (place === 1) return this.finish();
    this.boxStart = end;
    return this.want(end + 8);
  }

  private finish(): StreamEvent {
    const bytes = this.unit.subarray(0, this.filled);
    const event = this.order === initUnit ? initEvent(bytes) : fragmentEvent(bytes);
    this.unit = new Uint8Array(headerBytesMax);
    this.filled = 0;
    this.boxStart = 0;
    this.goal = 8;
    this.order = fragmentUnit;
    return event;
  }

  private want(goal: number): undefined {
    this.goal = goal;
    if (this.unit.length >= goal) return;
    const larger = new Uint8Array(goal);
    larger.set(this.unit);
    this.unit = larger;
  }
}

function objection(box: Box, expected: string | undefined, limit: number): Fmp4Refusal | undefined {
  const place = { box: box.type, at: box.start };
  if (box.type !== expected) return { kind: "unexpected-box", ...place };
  return box.end > limit ? { kind: "too-large", ...place } : undefined;
}

function initEvent(bytes: Uint8Array): StreamEvent {
  const init = parseInit(bytes);
  return init.ok ? { kind: "init", init: init.value } : { kind: "refused", refusal: init.error };
}

function fragmentEvent(bytes: Uint8Array): StreamEvent {
  const fragment = parseFragment(bytes);
  return fragment.ok
    ? { kind: "fragment", fragment: fragment.value }
    : { kind: "refused", refusal: fragment.error };
}
