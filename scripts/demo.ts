import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Command, Option } from "commander";
import { describeFfmpeg, type Ffmpeg, findFfmpeg } from "../firmware/camera/finder.io.js";
import { parseSource } from "../firmware/camera/source.js";
import { pressBell } from "./cli/bell.io.js";
import { makeFolder } from "./cli/disk.io.js";
import { Refused } from "./cli/refused.js";
import { type Follower, followClips } from "./demo/follow.io.js";
import { type Places, placesIn, settle, startCamera, startCloud } from "./demo/home.io.js";
import { forgetSettings, interruption, type Program, ProgramFailed } from "./demo/program.io.js";
import { openAsOwner, openAsThief, takePicture } from "./demo/recordings.io.js";
import { playRelease } from "./demo/release.io.js";
import { openScreen, type Screen } from "./demo/screen.io.js";
import type { OpenedFile } from "./demo/story.js";

const clipsOfOnce = 2;
/** The bell is pressed after the first clip, or after this time when nothing moved. */
const pressMillisMax = 30_000;
const onceMillisMax = 6 * 60_000;

interface Options {
  readonly source: string;
  readonly story: "door" | "release";
  readonly once?: boolean;
  readonly keep?: string;
}

interface Stage {
  readonly places: Places;
  readonly screen: Screen;
  /** What runs, so that one place ends it, in reverse order. */
  readonly programs: Program[];
  /** What is being done, for the message when it fails. */
  step: string;
}

await new Command("npm run demo --")
  .description(
    "A doorbell, a cloud and an owner on this machine: records, seals, pushes, opens and verifies.",
  )
  .option(
    "--source <source>",
    "the camera, as lintel install takes it; a file is played again and again",
    "scene:seed=3,first=8,every=40",
  )
  .addOption(
    new Option(
      "--story <story>",
      "door: a camera records | release: how a recording comes to an agency, and how not",
    )
      .choices(["door", "release"])
      .default("door"),
  )
  .option("--once", "end after two clips with a summary")
  .option("--keep <dir>", "keep everything in this folder, which must be new or empty")
  .addHelpText("after", "\nExit code: 0 all was shown, or Ctrl-C; 1 something failed, or was used wrongly.")
  .action(demo)
  .parseAsync();

async function demo({ source, ...wishes }: Options): Promise<void> {
  forgetSettings();
  if (wishes.story === "release") return demoRelease(wishes);
  const options = { ...wishes, source: endless(source) };
  const { folder, places } = freshPlaces(options.keep);
  const stage: Stage = { places, screen: openScreen(), programs: [], step: "the start" };
  const interrupted = interruption();
  let code = 0;
  try {
    await Promise.race([play(options, stage), interrupted]);
    stage.screen.close();
  } catch (error) {
    stage.screen.close();
    explain(error, stage);
    code = 1;
  }
  for (const running of stage.programs.toReversed()) await running.stop();
  if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
  process.exit(code); // the live stream would go on for ever
}

/** Everything of it happens here: nothing of it is left but what `--keep` names. */
async function demoRelease({ keep }: Pick<Options, "keep">): Promise<void> {
  const { folder } = freshPlaces(keep);
  let code = 0;
  try {
    await playRelease(folder, (line) => console.log(line));
  } catch (error) {
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    code = 1;
  }
  if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

function freshPlaces(keep: string | undefined): { readonly folder: string; readonly places: Places } {
  try {
    const folder = keep === undefined ? temporaryFolder() : emptyFolder(keep);
    return { folder, places: placesIn(folder) };
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

function temporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "lintel-"));
  } catch {
    throw new Refused(
      `Nothing can be written into ${tmpdir()}. Set TMPDIR to another folder, or choose one by --keep.`,
    );
  }
}

/** Keys and recordings of an earlier demo belong to a cloud that is gone; other people's files are not ours. */
function emptyFolder(keep: string): string {
  makeFolder(keep);
  if (readdirSync(keep).length > 0)
    throw new Refused(`${resolve(keep)} is not empty. Choose a new folder for --keep.`);
  return resolve(keep);
}

/** A file that ended would leave the demo waiting at an empty door. */
function endless(text: string): string {
  const source = parseSource(text);
  return source.ok && source.value.kind === "file" ? `file:${resolve(source.value.path)}?loop=1` : text;
}

/** The whole story. Without `--once` it never ends by itself. */
async function play({ source, once, keep }: Options, stage: Stage): Promise<void> {
  const { places, screen } = stage;
  const setting = (line: string): void => screen.tell({ kind: "setting", line });
  const ffmpeg = await findFfmpeg({ path: undefined, searchPath: process.env.PATH ?? "" });
  if (!ffmpeg.ok) throw new Error(ffmpeg.error.message);
  setting(`video   ${describeFfmpeg(ffmpeg.value)}`);

  stage.step = "starting the cloud";
  const cloud = await startCloud(places, { http: 0, mqtt: 0 });
  stage.programs.push(cloud);
  const url = cloud.ready.text("http");
  setting(`cloud   REST ${url} · docs ${cloud.ready.text("docs")} · MQTT ${cloud.ready.text("mqtt")}`);

  stage.step = "making the household and installing the camera";
  const { camera, fingerprint } = await settle(places, url, source);
  setting(
    `owner   Anna's keys are in ${places.member}; fingerprint ${fingerprint} was compared at camera ${camera}`,
  );

  stage.step = "starting the camera";
  const clips = followClips(places, screen.tell);
  stage.programs.push(await startCamera(places, clips.onLog));
  setting(`camera  ${source}`);
  if (once !== true) for (const line of hints(places, url)) setting(line);

  stage.step = "recording, pushing and opening clips";
  const failures = stage.programs.map(async (running): Promise<never> => {
    throw new ProgramFailed(running.name, await running.ended, running.lastLines());
  });
  const story =
    once === true
      ? inTime(openClips(clipsOfOnce, clips, ffmpeg.value, stage))
      : openClips(Infinity, clips, ffmpeg.value, stage);
  const opened = await Promise.race([story, clips.watching, ...failures]);
  screen.close();
  summarise(opened, keep);
}

/** Opens each clip that is whole; presses the bell once, and tries once to open one as a thief. */
async function openClips(
  count: number,
  clips: Follower,
  ffmpeg: Ffmpeg,
  { places, screen }: Stage,
): Promise<readonly OpenedFile[]> {
  const opened: OpenedFile[] = [];
  const quietDoor = wait(pressMillisMax);
  let next = clips.nextEnded();
  const moved = await Promise.race([clips.moved.then(() => true), quietDoor.then(() => false)]);
  if (moved) await next;
  await pressBell(places.camera);
  screen.tell({
    kind: "setting",
    line: "bell    pressed, through the socket that stands in for the button's wire",
  });
  while (opened.length < count) {
    const clip = await next;
    next = clips.nextEnded();
    const file = await openAsOwner(places, clip);
    screen.tell({ kind: "opened", clip, opened: file });
    opened.push(file);
    if (opened.length > 1) continue;
    screen.tell({ kind: "setting", line: `thief   ${await openAsThief(places, clip)}` });
    screen.tell({ kind: "setting", line: `picture ${await takePicture(ffmpeg.path, file)}` });
  }
  return opened;
}

async function inTime<T>(story: Promise<T>): Promise<T> {
  const late = wait(onceMillisMax, undefined, { ref: false }).then(() => {
    throw new Error(`no ${clipsOfOnce} clips were opened within ${onceMillisMax / 60_000} minutes`);
  });
  return Promise.race([story, late]);
}

function hints({ member }: Places, url: string): readonly string[] {
  const token = `$(node -p 'require("${member}/session.json").token')`;
  return [
    `try     npm run lintel -- member clips --profile ${member}`,
    `try     curl -H "authorization: Bearer ${token}" ${url}/v1/clips`,
  ];
}

function summarise(opened: readonly OpenedFile[], keep: string | undefined): void {
  const seconds = opened.reduce((sum, file) => sum + file.seconds, 0);
  const segments = opened.reduce((sum, file) => sum + file.segments, 0);
  console.log(
    `\n${opened.length} clips, ${seconds.toFixed(1)} s in ${segments} sealed segments: recorded, sealed, pushed, acknowledged,`,
  );
  console.log(
    "opened with the owner's key and verified against what the camera signed. Nothing on the server could have opened them.",
  );
  console.log(
    keep === undefined
      ? "Everything is removed now; --keep DIR keeps it."
      : `Everything is kept in ${resolve(keep)}.`,
  );
}

function explain(error: unknown, { step, programs }: Stage): void {
  console.error(`\nThe demo failed while ${step}: ${error instanceof Error ? error.message : String(error)}`);
  const logs = new Map(programs.map((running) => [running.name, running.lastLines()]));
  if (error instanceof ProgramFailed) logs.set(error.program, error.lines);
  for (const [name, lines] of logs) {
    console.error(`\nthe ${name}'s last lines:`);
    for (const line of lines) console.error(`  ${line}`);
  }
}
