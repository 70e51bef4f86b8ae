// Takes the place of `firmware/camera/camera.io.ts`: a lens that gives a second of footage each second, and no picture for the detector
// unless somebody walks past. What it shows is in no other bytes of the world, so that footage that was not sealed can be found.
import type { CameraHandle, CameraHandlers, CameraOptions } from "../../../firmware/camera/camera.io.js";
import { testFragment, testInit } from "../../../firmware/recorder/fixture.contract.js";
import type { Fragment } from "../../../shared/clip/fmp4.js";
import { millis } from "../../../shared/kernel/brand.js";
import { ok, type Result } from "../../../shared/kernel/result.js";
import { clearTimer, prng, running, setRepeating } from "./clockwork.js";

/** Stands in every fragment, and nowhere else. */
export const plainMark = "PLAIN FOOTAGE OF A PORCH";
const fragmentMillis = 1_000;

/** How large a world's footage is. */
export interface Footage {
  readonly usualBytes: number;
  readonly largeBytes: number;
  /** Chance of a large one. */
  readonly large: number;
}

let footage: Footage = { usualBytes: 600, largeBytes: 90_000, large: 0.02 };

export function setFootage(next: Footage): void {
  footage = next;
}

const init = testInit();

function newFragment(number: number): Fragment {
  const size = prng().next() < footage.large ? footage.largeBytes : footage.usualBytes;
  const made = blank(size);
  const time = number * fragmentMillis;
  const bytes = made.bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(timeAt, time);
  view.setUint32(bytes.length - size, number);
  const mark = Buffer.from(`${plainMark} ${running()?.name} ${prng().next()}`);
  bytes.set(mark, bytes.length - size + 4);
  return { ...made, time, bytes };
}

/** In a `testFragment`: where `tfdt` has its time. */
const timeAt = 76;
const blanks = new Map<number, Fragment>();
const blanksMax = 10;

/** One of this size, of which only time and number differ: to make each anew takes long. */
function blank(size: number): Fragment {
  const known = blanks.get(size);
  if (known !== undefined) return known;
  if (blanks.size >= blanksMax) blanks.clear();
  const made = testFragment({ time: 0, duration: fragmentMillis, number: 0, size });
  blanks.set(size, made);
  return made;
}

export function startCamera(_options: CameraOptions, handlers: CameraHandlers): Result<CameraHandle, never> {
  let number = 0;
  handlers.onPlan({ mode: "copy", description: "simulated" });
  handlers.onInit(init);
  const timer = setRepeating(
    () => void handlers.onFragment(newFragment(number++), millis(0)),
    fragmentMillis,
  );
  return ok({
    async stop() {
      clearTimer(timer);
      handlers.onEnd();
    },
    pid: () => undefined,
  });
}
