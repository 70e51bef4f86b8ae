import { execFile } from "node:child_process";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { memberExportIdentity } from "../../scripts/cli/member/cameras.io.js";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { download } from "../../scripts/cli/member/download.io.js";
import { quiet } from "../../scripts/demo/home.io.js";
import { openAsOwner } from "../../scripts/demo/recordings.io.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import { inVault, untilArrived } from "../rig/host/evidence.io.js";
import { type House, openHouse } from "../rig/host/house.io.js";

const run = promisify(execFile);

/** What a stock `age`, `cat`, ffprobe and ffmpeg say of one clip. */
export interface ClipFinding {
  readonly clip: ClipId;
  readonly state: string;
  readonly segments: number;
  readonly codec: string;
  readonly startsWithKeyframe: boolean;
  readonly frames: number;
  /** Shortest and longest time between two pictures, seconds. */
  readonly spacing: readonly [number, number];
  /** As the manifest says, and as ffprobe finds. */
  readonly seconds: readonly [number, number];
  /** What ffmpeg complains of when it decodes everything. */
  readonly decodeErrors: string;
  /** Whether `age -d` and `cat` gave the very bytes that `lintel member open` wrote. */
  readonly sameBytes: boolean;
}

export interface FootageReport {
  readonly video: string;
  readonly clips: readonly ClipFinding[];
  readonly notArrived: readonly string[];
}

const arriveMillisMax = 60_000;
/** When the bell is pressed, so that every video gives a clip. */
const pressAfterMillis = 3_000;
/** Goes on after the video's end, so that a clip that is open gets its end. */
const afterMillis = 1_000;

/** Plays a video as the camera, at its own pace, presses the bell once, and takes every clip apart with foreign tools. */
export async function footageStory(path: string, playMillis: number): Promise<FootageReport> {
  const house = await openHouse({ source: `file:${path}`, broker: "embedded" });
  try {
    await wait(pressAfterMillis);
    await house.press();
    await wait(Math.max(0, playMillis - pressAfterMillis) + afterMillis);
    await house.stop("camera");
    await house.start("camera");
    const notArrived = await untilArrived(house, arriveMillisMax);
    const clips: ClipFinding[] = [];
    for (const { id, state } of await inVault(house)) clips.push(await takeApart(house, id, state));
    return { video: await videoOf(house), clips, notArrived };
  } finally {
    await house.close();
  }
}

/** How the camera got its picture, as its last status said it. */
async function videoOf({ places }: House): Promise<string> {
  const [camera] = (await openCloud(places.member).get("/v1/cameras")).list("cameras", (fields) =>
    fields.maybe("status", (status) => status.maybeText("video")),
  );
  return camera ?? "unknown";
}

async function takeApart(house: House, clip: ClipId, state: string): Promise<ClipFinding> {
  const folder = join(house.places.videos, clip);
  await mkdir(folder, { recursive: true });
  const joined = join(folder, "joined.mp4");
  const segments = await openWithAge(house, clip, { folder, joined });
  const opened = await openAsOwner(house.places, clip);
  const probe = async (...args: readonly string[]): Promise<string> =>
    (
      await run("ffprobe", ["-v", "error", "-select_streams", "v", ...args, "-of", "csv=p=0", joined], {
        maxBuffer: 1e8,
      })
    ).stdout.trim();
  const packets = (await probe("-show_entries", "packet=pts_time,flags"))
    .split("\n")
    .map((line) => line.split(","));
  const times = packets.map(([time]) => Number(time)).toSorted((a, b) => a - b);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  const { stderr } = await run("ffmpeg", ["-v", "error", "-i", joined, "-f", "null", "-"], {
    maxBuffer: 1e8,
  });
  const { stdout: compared } = await run("sh", [
    "-c",
    `cmp -s "$1" "$2" && echo same || echo different`,
    "cmp",
    joined,
    opened.file,
  ]);
  return {
    clip,
    state,
    segments,
    codec: await probe("-show_entries", "stream=codec_name"),
    startsWithKeyframe: packets[0]?.[1]?.startsWith("K") === true,
    frames: packets.length,
    spacing: [Math.min(...gaps), Math.max(...gaps)],
    seconds: [opened.seconds, Number(await probe("-show_entries", "stream=duration"))],
    decodeErrors: stderr.trim().slice(0, 300),
    sameBytes: compared.trim() === "same",
  };
}

interface Joining {
  readonly folder: string;
  readonly joined: string;
}

/** `age -d -i identity N.age`, one after another, into one file. The number of segments that held footage. */
export async function openWithAge(
  { places }: House,
  clip: ClipId,
  { folder, joined }: Joining,
): Promise<number> {
  const identities: string[] = [];
  const terminal = { ...quiet(), say: (line: string) => void identities.push(line) };
  await memberExportIdentity(places.member, undefined, terminal);
  const identity = join(folder, "identity.txt");
  await writeFile(identity, `${identities.join("\n")}\n`);
  const { sealed } = await download(
    openCloud(places.member),
    { clip, folder: join(folder, "sealed") },
    quiet(),
  );
  const withFootage = sealed.segments.filter(({ sealed: bytes }) => bytes.length > 0);
  await writeFile(joined, "");
  for (const [index, { sealed: bytes }] of withFootage.entries()) {
    const file = join(folder, `${index}.age`);
    await writeFile(file, bytes);
    const opened = await run("age", ["-d", "-i", identity, file], { encoding: "buffer", maxBuffer: 1e8 });
    await appendFile(joined, opened.stdout);
  }
  return withFootage.length;
}
