import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pressBell } from "../../../scripts/cli/bell.io.js";
import { later } from "../../../scripts/cli/later.js";
import { memberClaim } from "../../../scripts/cli/member/claim.io.js";
import { memberInit } from "../../../scripts/cli/member/init.io.js";
import { Refused } from "../../../scripts/cli/refused.js";
import { type Places, placesIn, quiet, startCloud } from "../../../scripts/demo/home.io.js";
import { type LogEvent, readEvent } from "../../../scripts/demo/program.io.js";
import { openAsOwner } from "../../../scripts/demo/recordings.io.js";
import { buildPackage } from "../../../scripts/image/image.io.js";
import { developmentKey, openReleaseKey } from "../../../scripts/image/releasekey.io.js";
import { type BoardProgram, type Machine, openMachine, type ProcessUse } from "./machine.io.js";
import { lacking, makeUserland, userlandFolder } from "./userland.io.js";

/** As a Pi Zero 2 W has it: firmware, ffmpeg and here the emulator, too, must do with it. */
const boardBytes = 512 * 1024 ** 2;
const mebibyte = 1024 ** 2;
/** Small, since every instruction of the encoder is translated here. */
const source = "scene:seed=5,size=160x120,fps=5,quiet";
const lintel = ["/usr/bin/node", "--enable-source-maps", "/usr/lib/lintel/lintel.js"];
const firmwareFile = "/usr/lib/lintel/firmware.js";
const ffmpegFile = "/usr/bin/ffmpeg";
const firmware = ["/usr/bin/node", "--enable-source-maps", firmwareFile];
const environment = ["/usr/bin/env", "LINTEL_PREROLL=2", "LINTEL_POSTROLL=2"];
/** An emulated processor starts in seconds what a board starts in one. */
const readyMillisMax = 240_000;
const clipMillisMax = 300_000;
const measuredMillis = 60_000;
const lookMillis = 500;

/** What was seen on the emulated board, each with its unit; the emulator's own memory and time are in all of it. */
export type Figures = Readonly<Record<string, number>>;

/**
 * From a bare arm64 userland to a clip that opens: `lintel install` from the camera's package, then the service's own command for a
 * minute of recording with one press. Throws where anything of it fails.
 */
export async function journeyOnArm64(progress: (line: string) => void): Promise<Figures> {
  const reasons = lacking();
  if (reasons.length > 0) throw new Refused(reasons.join(" "));
  await makeUserland(userlandFolder(), progress);
  const folder = mkdtempSync(join(tmpdir(), "lintel-emulated-"));
  let machine: Machine | undefined;
  const places = placesIn(folder);
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  try {
    const file = await buildPackage(folder, openReleaseKey(developmentKey, process.cwd()));
    machine = openMachine(userlandFolder(), file, boardBytes);
    await memberInit(places.member, { cloud: cloud.ready.text("http"), name: "Anna" }, quiet());
    progress("lintel install on the board …");
    const installed = await installOn(machine, places);
    progress(`installed; now the firmware, for a minute …`);
    return { ...installed, ...(await recordOn(machine, places)) };
  } finally {
    await machine?.close();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function installOn(machine: Machine, places: Places): Promise<Figures> {
  const [claimed, fingerprint] = [later<string>(), later<string>()];
  const owner = quiet(
    (value) => "claim" in value && claimed.resolve(`${value.claim}`),
    async (question) => question.includes(await fingerprint.promise),
  );
  const options = { cameraName: "Front door", place: "outdoor", confirmMillis: 0 } as const;
  const claim = memberClaim(places.member, options, owner);
  const text = await Promise.race([claimed.promise, claim.then(() => "")]);
  const since = performance.now();
  // Without its test clip, which has to be done within two minutes: a busy machine emulates too slowly for that.
  const command = [...lintel, "install", "--claim", text, "--no-test", "--source", source, "--json"];
  const program = machine.start(command, (line) => {
    const shown = readEvent(line)?.fields.maybeText("fingerprint");
    if (shown !== undefined) fingerprint.resolve(shown);
  });
  const [code] = await Promise.all([program.ended, Promise.race([claim, program.ended])]);
  if (code !== 0) throw failed("lintel install", code, program);
  return { "install (s)": (performance.now() - since) / 1000 };
}

/** The firmware as the service starts it: until it is ready, a press, its clip opened, and what it uses over a minute. */
async function recordOn(machine: Machine, places: Places): Promise<Figures> {
  const since = performance.now();
  const ready = later<number>();
  const clips = countingClips();
  const program = machine.start([...environment, ...firmware], (line) => {
    const word = readEvent(line);
    if (word === undefined) return;
    if (word.event === "ready") ready.resolve((performance.now() - since) / 1000);
    clips.hear(word);
  });
  const startSeconds = await within(ready.promise, readyMillisMax, program, "did not start");
  const pressed = performance.now();
  await pressBell(machine.state);
  const arrived = within(clips.whole, clipMillisMax, program, "brought no clip to the vault");
  const minute = wait(measuredMillis);
  const used = await measure(machine, Promise.all([arrived, minute]));
  const { seconds, segments } = await openAsOwner(places, await arrived);
  const outOfMemoryKills = machine.memory.outOfMemoryKills();
  await program.stop();
  const code = await program.ended;
  if (code !== 0) throw failed("the firmware", code, program);
  if (outOfMemoryKills > 0) throw new Error(`${outOfMemoryKills} programs were ended for want of memory`);
  return {
    "start (s)": startSeconds,
    "pressToVault (s)": (clips.at() - pressed) / 1000,
    "clip (s)": seconds,
    segments,
    ...used,
    outOfMemoryKills,
  };
}

/** The most that the board's programs held, and the share of a core that they took, until `over`. */
async function measure(machine: Machine, over: Promise<unknown>): Promise<Figures> {
  const first = machine.processes();
  const since = performance.now();
  let last = first;
  let anonymous = 0;
  for (let going = true; going; ) {
    going = await Promise.race([over.then(() => false), wait(lookMillis, true)]);
    last = machine.processes();
    anonymous = Math.max(anonymous, machine.memory.anonymousBytes());
  }
  const seconds = (performance.now() - since) / 1000;
  const cpu = (name: string, of: readonly ProcessUse[]): number =>
    of.filter(({ words }) => words.includes(name)).reduce((sum, one) => sum + one.cpuSeconds, 0);
  const percent = (name: string): number => (100 * (cpu(name, last) - cpu(name, first))) / seconds;
  const peak = (name: string): number =>
    Math.max(...last.filter(({ words }) => words.includes(name)).map(({ peakBytes }) => peakBytes)) /
    mebibyte;
  return {
    "firmwareRss (MiB)": peak(firmwareFile),
    "ffmpegRss (MiB)": peak(ffmpegFile),
    "allTogether (MiB)": anonymous / mebibyte,
    "withPageCache (MiB)": machine.memory.peakBytes() / mebibyte,
    "firmwareCpu (%)": percent(firmwareFile),
    "ffmpegCpu (%)": percent(ffmpegFile),
  };
}

/** Resolves with the first clip of which the vault has signed for every segment. */
function countingClips() {
  let arrivedAt = 0;
  const { promise: whole, resolve } = later<string>();
  const open: Record<string, number> = {};
  const ended: string[] = [];
  const count = (clip: string, by: number): void => {
    open[clip] = (open[clip] ?? 0) + by;
  };
  return {
    whole,
    /** When it came, as `performance.now` has it. */
    at: () => arrivedAt,
    hear({ event, fields }: LogEvent): void {
      if (event === "uplink.acknowledged") count(fields.text("clip"), -1);
      if (event === "clip.sealed") {
        count(fields.text("clipId"), 1);
        if (fields.maybeText("end") === "complete") ended.push(fields.text("clipId"));
      }
      const done = ended.find((clip) => (open[clip] ?? 0) <= 0);
      if (done === undefined) return;
      arrivedAt ||= performance.now();
      resolve(done);
    },
  };
}

async function within<T>(
  promise: Promise<T>,
  millis: number,
  program: BoardProgram,
  what: string,
): Promise<T> {
  const over = new AbortController();
  const late = wait(millis, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    return await Promise.race([
      promise,
      program.ended.then((code) => Promise.reject(failed("the firmware", code, program))),
      late.then(() =>
        Promise.reject(failed(`the firmware ${what} and`, `${millis / 1000} s are over`, program)),
      ),
    ]);
  } finally {
    over.abort();
  }
}

function failed(what: string, how: number | string, program: BoardProgram): Error {
  return new Error(`on the emulated board ${what} ended (${how}): ${program.lastLines().join("\n")}`);
}
