import type { Millis } from "../../shared/kernel/brand.js";
import { createTear } from "./tear.js";

export type CameraFault = "empty" | "blank" | "frozen" | "torn";

export interface CameraTrouble {
  /**
   * `empty`: frames of another size or none; `blank`: one even grey, as of a covered lens, no light or no signal;
   * `frozen`: no picture comes, to the last bit of a thousand pixels, that was not there before, which no sensor's noise
   * allows; `torn`: rows repeat, parts are shifted, or noise.
   */
  readonly kind: CameraFault;
  readonly since: Millis;
}

export interface HealthSettings {
  readonly width: number;
  readonly height: number;
  /** False for files and generated scenes: they may stand still, so `frozen` is never said of them. */
  readonly live?: boolean;
}

/** Watches whether frames can be frames of a working camera. */
export interface Health {
  /** Trouble that has lasted for `troubleAfterMs`; undefined as soon as a frame is sound again for a while. */
  feed(luma: Uint8Array, at: Millis): CameraTrouble | undefined;
  /** Whether the frame fed last shows nothing of the scene, and so is no motion. */
  isBroken(): boolean;
}

/** Trouble is told after so long. */
const troubleAfterMs = 20_000;
/** One sound frame among broken ones is no recovery; so long without a broken one is. */
const recoveredMs = 3000;
/** A picture that looks torn but stays so was moved, not torn. */
const movedMs = 50_000;
/** One pixel in so many is looked at; prime, so that no column is preferred. */
const stride = 13;
const evenLuma = 6;
/**
 * So many of the newest pictures are known again. An encoder makes of one picture a few, the same in each of its groups of
 * pictures: the longest in use, of ten seconds, gives a hundred.
 */
const knownPictures = 128;

export function createHealth({ width, height, live = true }: HealthSettings): Health {
  const known = createKnown();
  const tear = createTear(width, height);
  let fault: CameraFault | undefined;
  let spell: Spell | undefined;
  return {
    isBroken: () => fault !== undefined && fault !== "frozen",
    feed: (luma, at) => {
      fault = faultOf(luma);
      spell = nextSpell(spell, fault, at);
      if (spell === undefined || at - spell.since < troubleAfterMs) return undefined;
      if (spell.kind === "torn" && at - spell.since > movedMs) tear.accept();
      return spell;
    },
  };

  function faultOf(luma: Uint8Array): CameraFault | undefined {
    if (luma.length !== width * height) return "empty";
    const same = known.has(luma) && live;
    if (isEven(luma)) return "blank";
    if (tear.isTorn(luma)) return "torn";
    return same ? "frozen" : undefined;
  }
}

interface Spell extends CameraTrouble {
  seen: Millis;
}

/** A new picture ends a frozen one; sound frames among broken ones end nothing until they are alone for a while. */
function nextSpell(spell: Spell | undefined, fault: CameraFault | undefined, at: Millis): Spell | undefined {
  if (fault === undefined) {
    const over = spell !== undefined && (spell.kind === "frozen" || at - spell.seen >= recoveredMs);
    return over ? undefined : spell;
  }
  if (spell?.kind !== fault) return { kind: fault, since: at, seen: at };
  spell.seen = at;
  return spell;
}

/** Whether a picture was there before; one that was not is known from then on, instead of the oldest. */
function createKnown() {
  const digests = new Int32Array(knownPictures).fill(-1);
  let oldest = 0;
  return {
    has: (luma: Uint8Array): boolean => {
      const digest = digestOf(luma);
      for (let i = 0; i < knownPictures; i++) if (digests[i] === digest) return true;
      digests[oldest] = digest;
      oldest = (oldest + 1) % knownPictures;
      return false;
    },
  };
}

/**
 * Of a sample. By chance one new picture in fifteen thousand is taken for a known one, but never all of twenty seconds. Stays
 * below 2^27, which every engine keeps without a heap.
 */
function digestOf(luma: Uint8Array): number {
  let digest = 0;
  for (let i = 0; i < luma.length; i += stride) digest = (digest & 0x1fffff) * 61 + (luma[i] ?? 0);
  return digest;
}

/** Less than one sampled pixel in a hundred differs from the mean by more than a trace of noise. */
function isEven(luma: Uint8Array): boolean {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < luma.length; i += stride) {
    sum += luma[i] ?? 0;
    count++;
  }
  const mean = (sum / count) | 0;
  let apart = 0;
  for (let i = 0; i < luma.length && apart * 100 <= count; i += stride) {
    const off = (luma[i] ?? 0) - mean;
    if (off > evenLuma || off < -evenLuma) apart++;
  }
  return apart * 100 <= count;
}
