import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { startCamera } from "../../../firmware/camera/camera.io.js";
import { describeFfmpeg, type Ffmpeg, findFfmpeg } from "../../../firmware/camera/finder.io.js";
import { describeSource, parseSource, type Source } from "../../../firmware/camera/source.js";
import type { InitSegment } from "../../../shared/clip/init.js";
import { later } from "../later.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { bad, type Finding, good, warning } from "./finding.js";
import { checkMicrophone, checkPower, checkWear } from "./hardware.io.js";

/** Free space below which a camera cannot keep a day's clips, and below which it should not be installed. */
const diskFreeBytes = { wanted: 2 * 1024 ** 3, needed: 256 * 1024 ** 2 };
const speedTestBytes = 8 * 1024 * 1024;
/** Sealed footage of one 1080p camera, with as much again for the journal's own needs. */
const diskSpeedWanted = 2e6;
/** The first fragment of a slow machine: the camera is started anew meanwhile, each time with more patience. */
const pictureMillisMax = 20_000;

export interface Wishes {
  readonly state: string;
  readonly source?: string;
  readonly ffmpeg?: string;
}

export interface Installable {
  readonly source: string;
  readonly ffmpeg?: string;
}

/** What must hold before a board's keys are made. */
export async function checkInstallable(wishes: Wishes, terminal: Terminal): Promise<Installable> {
  const text = wishes.source ?? findSource();
  if (text === undefined)
    throw new Refused(
      "No camera was found on this board. Plug one in, or name it: --source v4l2:/dev/video0 (or libcamera, rtsp://…).",
    );
  terminal.progress("looking at ffmpeg, board and camera …");
  const found = await checkFfmpeg(wishes.ffmpeg);
  const board = checkBoard(wishes.state, text);
  const picture = found.ffmpeg && (await checkSource(text, found.ffmpeg));
  const findings = [found.finding, ...board, picture].filter((finding) => finding !== undefined);
  for (const { state, says, todo } of findings) {
    if (state === "bad") throw new Refused(`${says} ${todo ?? ""}`);
    terminal.say(`${state === "good" ? "ok" : "warning"}: ${says}${todo === undefined ? "" : ` ${todo}`}`);
  }
  return { source: wherever(text), ...(wishes.ffmpeg !== undefined && { ffmpeg: programAt(wishes.ffmpeg) }) };
}

/** The same source from whichever folder the camera is started. */
export function wherever(text: string): string {
  const source = parseSource(text);
  return source.ok && source.value.kind === "file"
    ? describeSource({ ...source.value, path: resolve(source.value.path) })
    : text;
}

/** The same program from whichever folder the camera is started; a bare name is looked for on the PATH. */
export function programAt(text: string): string {
  return text.includes("/") ? resolve(text) : text;
}

/** The camera that this board obviously has. */
export function findSource(): string | undefined {
  if (isOnPath("rpicam-vid")) return "libcamera";
  return existsSync("/dev/video0") ? "v4l2:/dev/video0" : undefined;
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

export async function checkFfmpeg(
  path: string | undefined,
): Promise<{ readonly finding: Finding; readonly ffmpeg?: Ffmpeg }> {
  const found = await findFfmpeg({ path, searchPath: process.env.PATH ?? "" });
  if (!found.ok) return { finding: bad("ffmpeg", found.error.message, "") };
  const says = `${describeFfmpeg(found.value)}.`;
  const finding =
    found.value.encoders.length > 0
      ? good("ffmpeg", says)
      : warning(
          "ffmpeg",
          says,
          "Only cameras that give H.264 themselves will work; install an ffmpeg with libx264.",
        );
  return { finding, ffmpeg: found.value };
}

/** Really takes the first two seconds from the camera. */
export async function checkSource(text: string, ffmpeg: Ffmpeg): Promise<Finding> {
  const source = parseSource(text);
  if (!source.ok) return bad("camera", source.error.message, "");
  return tryCamera(source.value, ffmpeg);
}

async function tryCamera(source: Source, ffmpeg: Ffmpeg): Promise<Finding> {
  const name = describeSource(source);
  const seen: { plan?: string; init?: InitSegment; fragments: number; trouble?: string } = { fragments: 0 };
  const { promise: over, resolve: finish } = later<void>();
  const camera = startCamera(
    { source, ffmpeg, clock: systemClock, random: systemRandom },
    {
      onPlan: ({ description }) => void Object.assign(seen, { plan: description }),
      onInit: (init) => void Object.assign(seen, { init }),
      onFragment: () => {
        seen.fragments++;
        if (seen.fragments >= 2) finish();
      },
      onLuma: () => undefined,
      onTrouble: ({ kind, message, lines }) => {
        seen.trouble = [message, ...lines.slice(-2)].join(" ");
        if (kind !== "silent") finish();
      },
      onEnd: finish,
    },
  );
  if (!camera.ok) return bad("camera", camera.error.message, "");
  const timer = setTimeout(finish, pictureMillisMax);
  await over;
  clearTimeout(timer);
  await camera.value.stop();
  const { init, plan = "" } = seen;
  if (init !== undefined && seen.fragments > 0)
    return good("camera", `${name} gives ${init.width}x${init.height} ${init.codecs}; ${plan}.`);
  const why = seen.trouble ?? `it gave no picture within ${pictureMillisMax / 1000} s.`;
  return bad(
    "camera",
    `${name} gives no picture: ${why}`,
    "Check cable, address and password, and that nothing else uses it.",
  );
}

/** What the board itself is like: disk, power, microphone. */
export function checkBoard(state: string, source: string | undefined): readonly Finding[] {
  const parsed = parseSource(source ?? "");
  const wantsSound = parsed.ok && "audio" in parsed.value && parsed.value.audio !== undefined;
  return [checkDisk(state), checkWear(nearest(state)), checkPower(), checkMicrophone(wantsSound)];
}

function checkDisk(state: string): Finding {
  const folder = existsSync(state) ? state : nearest(state);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const says = `${gigabytes(free)} are free for ${state}`;
  if (free < diskFreeBytes.needed)
    return bad(
      "disk",
      `Only ${says}.`,
      `Free at least ${gigabytes(diskFreeBytes.needed)}, or choose another --state.`,
    );
  const speed = writeSpeed(folder);
  if (speed === undefined)
    return bad(
      "disk",
      `${folder} cannot be written.`,
      "Run this as the user who will run the camera, or choose another --state.",
    );
  const fast = `, ${(speed / 1e6).toFixed(0)} MB/s written safely`;
  if (speed < diskSpeedWanted)
    return warning("disk", `${says}${fast}.`, "Use a faster card: this one can fall behind the camera.");
  return free < diskFreeBytes.wanted
    ? warning(
        "disk",
        `${says}${fast}.`,
        `Less than ${gigabytes(diskFreeBytes.wanted)}: after a long time without network the oldest clips go first.`,
      )
    : good("disk", `${says}${fast}.`);
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(join(path, ".."));
}

/** Bytes a second, with fsync; `undefined` where nothing can be written. */
function writeSpeed(folder: string): number | undefined {
  const path = join(folder, `.lintel-speed-${randomBytes(4).toString("hex")}`);
  try {
    const file = openSync(path, "wx", 0o600);
    const started = performance.now();
    writeSync(file, randomBytes(speedTestBytes));
    fsyncSync(file);
    closeSync(file);
    return (speedTestBytes / (performance.now() - started)) * 1000;
  } catch {
    return undefined;
  } finally {
    if (existsSync(path)) rmSync(path);
  }
}

/** The button and the light. */
export function checkGpio(state: string): Finding {
  const chips = readdirSync("/dev").filter((name) => name.startsWith("gpiochip"));
  if (chips.length === 0)
    return good(
      "button",
      `This machine has no GPIO; the socket ${join(state, "board.sock")} stands in for button and light.`,
    );
  return isOnPath("gpiomon")
    ? good("button", `GPIO ${chips.join(", ")}, watched by gpiomon.`)
    : bad(
        "button",
        `GPIO ${chips.join(", ")} is there, but gpiomon is not.`,
        "Install it: apt-get install gpiod",
      );
}
