import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { ClockQuality } from "../../shared/clip/manifest.js";

export interface ClockWatch {
  /** As last seen; looked at once a minute. */
  quality(): ClockQuality;
  close(): void;
}

const lookMillis = 60_000;
const programMillisMax = 3_000;
/** systemd-timesyncd(8) touches it after the first synchronisation. */
const timesyncMark = "/run/systemd/timesync/synchronized";

/** Whether a time source has set the clock. Doubt says `unsynchronised`. Node has no adjtimex(2): the daemons are asked. */
export async function watchClock(): Promise<ClockWatch> {
  let quality = await look();
  const timer = setInterval(() => {
    look().then((now) => {
      quality = now;
    });
  }, lookMillis);
  return { quality: () => quality, close: () => clearInterval(timer) };
}

export async function look(): Promise<ClockQuality> {
  if (existsSync(timesyncMark)) return "synchronised";
  const [systemd, chrony] = await Promise.all([
    output("timedatectl", ["show", "--property=NTPSynchronized", "--value"]),
    output("chronyc", ["-n", "tracking"]),
  ]);
  const isSet = systemd.trim() === "yes" || /^Leap status\s*: Normal$/m.test(chrony);
  return isSet ? "synchronised" : "unsynchronised";
}

/** A program that is missing, fails or hangs says nothing. */
function output(program: string, args: readonly string[]): Promise<string> {
  return promisify(execFile)(program, args, { timeout: programMillisMax }).then(
    ({ stdout }) => stdout,
    () => "",
  );
}
