import { type LogEvent, type Program, ProgramFailed, startProgram } from "../../demo/program.io.js";
import { pressBell } from "../bell.io.js";
import { later } from "../later.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";

/** A clip that the vault has signed for, whole. */
export interface TestClip {
  readonly clip: string;
  readonly segments: number;
}

const rollSeconds = 2;
/** Until the camera has footage, the clip has ended and a slow line has carried it. */
const clipMillisMax = 120_000;
/** Without its wires the firmware listens on its socket, by which we press. */
const noWires = "/dev/no-gpiochip";

/** Runs the firmware for one press of the bell, until the vault's receipts for every segment of the clip are on the card. */
export async function recordTestClip(state: string, terminal: Terminal): Promise<TestClip> {
  const sealed: Counts = {};
  const acknowledged: Counts = {};
  let clip = "";
  let why: string | undefined;
  const isWhole = (): boolean => clip !== "" && (acknowledged[clip] ?? 0) >= (sealed[clip] ?? 0);
  const { promise: whole, resolve: finish } = later<void>();
  const onEvent = ({ event, fields }: LogEvent): void => {
    if (event === "uplink.connect-failed") why = `the broker was not reached: ${fields.maybeText("why")}`;
    if (event === "uplink.acknowledged") count(acknowledged, fields.text("clip"));
    if (event === "clip.sealed") {
      count(sealed, fields.text("clipId"));
      if (fields.maybeText("end") === "complete") clip = fields.text("clipId");
    }
    if (isWhole()) finish();
  };
  const firmware = await startFirmware(state, onEvent);
  try {
    terminal.progress("recording a test clip: the bell is pressed …");
    await pressBell(state);
    const timer = setTimeout(finish, clipMillisMax);
    const how = await Promise.race([whole, firmware.ended]);
    clearTimeout(timer);
    if (how !== undefined) why = `the firmware ${how}`;
  } finally {
    await firmware.stop();
  }
  if (isWhole()) return { clip, segments: sealed[clip] ?? 0 };
  const stage = clip === "" ? "was not recorded whole" : "did not reach the vault whole";
  throw new Refused(
    `The test clip ${stage}${why === undefined ? "" : `; ${why}`}. Nothing is lost: mend it (lintel doctor --state ${state} says what), then give the same command again.`,
  );
}

/** Segments of each clip. */
type Counts = Record<string, number>;

function count(counts: Counts, clip: string): void {
  counts[clip] = (counts[clip] ?? 0) + 1;
}

async function startFirmware(state: string, onEvent: (event: LogEvent) => void): Promise<Program> {
  const environment = {
    LINTEL_STATE: state,
    LINTEL_GPIO_CHIP: noWires,
    LINTEL_PREROLL: `${rollSeconds}`,
    LINTEL_POSTROLL: `${rollSeconds}`,
  };
  try {
    return await startProgram({ name: "firmware", main: "firmware/main.js", environment, onEvent });
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    throw new Refused(`The test clip was not recorded: ${error.message}. ${error.lines.at(-1) ?? ""}`);
  }
}
