import type { Millis } from "../../shared/kernel/brand.js";
import { createTear } from "./tear.js";

export type CameraFault = "empty" | "blank" | "frozen" | "torn";

export interface CameraTrouble {
  /**
   * `empty`: frames of another size or none; `blank`: one even grey, as of a covered lens, no light or no signal;
   * `frozen`: not one bit of a thousand pixels changes, which no sensor's noise allows; `torn`: rows repeat, parts are
   * shifted, or noise.
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

export function createHealth({ width, height, live = true }: HealthSettings): Health {
  const previous = new Uint8Array(Math.ceil((width * height) / stride));
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
    const same = isSame(luma, previous) && live;
    if (isEven(luma)) return "blank";
    if (tear.isTorn(luma)) return "torn";
    return same ? "frozen" : undefined;
  }
}

interface Spell extends CameraTrouble {
  seen: Millis;
}

/** A changed bit ends a frozen picture; sound frames among broken ones end nothing until they are alone for a while. */
function nextSpell(spell: Spell | undefined, fault: CameraFault | undefined, at: Millis): Spell | undefined {
  if (fault === undefined) {
    const over = spell !== undefined && (spell.kind === "frozen" || at - spell.seen >= recoveredMs);
    return over ? undefined : spell;
  }
  if (spell?.kind !== fault) return { kind: fault, since: at, seen: at };
  spell.seen = at;
  return spell;
}

/** As the one before, whose pixels are replaced. */
function isSame(luma: Uint8Array, previous: Uint8Array): boolean {
  let same = true;
  for (let i = 0, at = 0; i < luma.length; i += stride, at++) {
    const value = luma[i] ?? 0;
    if (value === previous[at]) continue;
    previous[at] = value;
    same = false;
  }
  return same;
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
