import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { parseSource } from "../../../firmware/camera/source.js";
import { readIfThere } from "../disk.io.js";
import { fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { checkBoard, checkFfmpeg, checkGpio, checkSource, findSource } from "./checks.io.js";
import { bad, exitCodeOf, type Finding, good } from "./finding.js";
import { checkInstalled } from "./installed.io.js";
import { checkService, type Packaged, thisBoard } from "./service.io.js";

export interface DoctorOptions {
  readonly state?: string;
  readonly source?: string;
  readonly ffmpeg?: string;
}

/** Tells an installer what works on this board. The answer is the exit code: 0 good, 1 with warnings, 2 does not work. */
export async function doctor(
  options: DoctorOptions,
  terminal: Terminal,
  board: Packaged = thisBoard,
): Promise<0 | 1 | 2> {
  const findings: Finding[] = [];
  const show = (...found: readonly Finding[]): void => {
    for (const finding of found) {
      findings.push(finding);
      terminal.json(finding);
      terminal.say(`${marks[finding.state]}  ${finding.check.padEnd(12)} ${finding.says}`);
      if (finding.todo) terminal.say(`                  → ${finding.todo}`);
    }
  };
  const installed =
    options.state ?? (existsSync(join(board.state, "charter.json")) ? board.state : undefined);
  const state = resolve(installed ?? ".");
  const settings = readSettings(state);
  terminal.progress("looking at ffmpeg …");
  const { finding, ffmpeg } = await checkFfmpeg(options.ffmpeg ?? settings.ffmpeg);
  show(finding);
  const source = options.source ?? settings.source ?? findSource();
  terminal.progress("taking two seconds of picture …");
  if (await firmwareRuns(state)) show(good("camera", "The firmware is running and has the camera."));
  else if (source === undefined)
    show(
      bad(
        "camera",
        "No camera was found on this board.",
        "Plug one in, or name it: --source v4l2:/dev/video0",
      ),
    );
  else if (ffmpeg !== undefined) show(await checkSource(source, ffmpeg));
  show(...checkBoard(state, source), checkGpio(state));
  terminal.progress("looking at keys, certificate and cloud …");
  if (installed !== undefined)
    show(...(await checkInstalled(state, hears(source))), ...checkService(state, board));
  return exitCodeOf(findings);
}

/** A network camera's or a file's own stream may bring sound. */
function hears(source: string | undefined): boolean {
  const parsed = parseSource(source ?? "");
  if (!parsed.ok) return false;
  return (
    ["rtsp", "file"].includes(parsed.value.kind) ||
    ("audio" in parsed.value && parsed.value.audio !== undefined)
  );
}

/** A camera has one user at a time: what the firmware holds is not tried. */
function firmwareRuns(state: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(state, "board.sock"));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

const marks = { good: "ok     ", warning: "warning", bad: "BAD    " };

function readSettings(state: string): {
  readonly source?: string | undefined;
  readonly ffmpeg?: string | undefined;
} {
  const text = readIfThere(join(state, "settings.json"));
  if (text === undefined) return {};
  try {
    const fields = fieldsOf(JSON.parse(text), "settings.json");
    return { source: fields.maybeText("source"), ffmpeg: fields.maybeText("ffmpeg") };
  } catch {
    throw new Refused(`${join(state, "settings.json")} is damaged. Put back a copy of it, or install anew.`);
  }
}
