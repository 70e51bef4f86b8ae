import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ClockDriver } from "../rig.js";

const library = readdirSync("/usr/lib")
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

export const clockMissing = library === undefined ? "another clock needs libfaketime" : undefined;

/** A program looks at what its clock shows when a whole second more than this has gone by. */
const lookSeconds = 1;
/** By then it has looked: programs here ask for the time several times a second. */
const shownMillis = (lookSeconds + 1) * 1_000 + 500;

/** A wall clock for one program, stepped while it runs. */
export interface FakeClock extends ClockDriver {
  readonly environment: Readonly<Record<string, string>>;
}

export function openClock(folder: string): FakeClock {
  const file = join(folder, "clock");
  let offsetMillis = 0;
  const show = (): void =>
    writeFileSync(file, `${offsetMillis < 0 ? "-" : "+"}${Math.abs(Math.round(offsetMillis / 1_000))}\n`);
  show();
  return {
    environment: {
      LD_PRELOAD: `${library}`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: `${lookSeconds}`,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    async step(millis) {
      offsetMillis += millis;
      show();
      await wait(shownMillis);
    },
  };
}
