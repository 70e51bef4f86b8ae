import type { Millis } from "../kernel/brand.js";
import { type CameraId, type HouseholdId, isCameraId, isHouseholdId } from "../kernel/ids.js";
import { type Result, refuse } from "../kernel/result.js";
import {
  type FieldReader,
  type FieldsRefusal,
  formatFields,
  type NoteShape,
  parseDecimal,
  readFields,
} from "../seal/fields.js";
import { type NoteRefusal, openNote } from "../seal/note.js";
import type { Charter } from "./charter.js";
import {
  allModes,
  type CharterCamera,
  type Mode,
  memberKeyName,
  memberVerifier,
  type Role,
} from "./lines.js";
import { ownersOf } from "./succession.js";

/** From this minute of the week on, which begins on Monday at 00:00, this mode; until the next turn. */
export interface Turn {
  readonly minute: number;
  readonly mode: Mode;
}

/**
 * `mode/v1`: what a camera does of what its charter allows, now or by a week's timetable. Changes often and is not logged; orders
 * of one camera are counted, and only a higher one is obeyed.
 */
export interface ModeOrder {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly counter: number;
  /** IANA name of the time zone in which the week is meant. */
  readonly zone: string;
  /** The first is at minute 0; each later one later, with another mode. */
  readonly week: readonly Turn[];
  readonly at: Millis;
}

export type ModeRefusal =
  | NoteRefusal
  | FieldsRefusal
  | { readonly kind: "other-camera" }
  | { readonly kind: "mode-not-newer"; readonly have: number; readonly found: number }
  | { readonly kind: "mode-not-allowed"; readonly mode: Mode }
  /** An adult may only tighten: at no time may the camera do more than it did at the strictest. */
  | { readonly kind: "may-not-loosen" };

export const weekMinutes = 7 * 24 * 60;
export const turnsMax = 64;
const zoneCharsMax = 64;

const shape: NoteShape = { type: "mode/v1", fields: ["camera", "counter", "zone", "turn*", "at"] };
const rank = (mode: Mode): number => allModes.indexOf(mode);

/** Who may sign mode orders at all; what loosens needs an owner. */
function maySetMode(role: Role): boolean {
  return role === "owner" || role === "adult";
}

export function formatMode({ household, week, ...values }: ModeOrder): string {
  const turn = week.map(({ minute, mode }) => `${minute} ${mode}`);
  return formatFields(shape, household, { ...values, turn });
}

/** The form alone; says nothing of signatures. */
export function parseMode(text: string): Result<ModeOrder, FieldsRefusal> {
  return readFields(shape, text, (read) => {
    const order = {
      household: read.subject(isHouseholdId),
      camera: read.text("camera", isCameraId),
      counter: read.number("counter"),
      zone: read.text("zone", isZoneName),
      week: readWeek(read),
      at: read.time("at"),
    };
    read.check(order.counter > 0, "counter");
    return order;
  });
}

/**
 * Opens the camera's order that follows `current` (none before the first) under the charter in force: for a camera that it names, signed by
 * an owner or adult, counted higher, within the allowed modes, and by an owner where it loosens. Camera, cloud and members decide
 * by this function alone.
 */
export function openNextMode(
  charter: Charter,
  camera: CameraId,
  current: ModeOrder | undefined,
  note: string,
): Result<ModeOrder, ModeRefusal> {
  const signers = charter.members.filter(({ role }) => maySetMode(role));
  const opened = openNote(note, signers.map(memberVerifier));
  if (!opened.ok) return opened;
  const order = parseMode(opened.value.text);
  if (!order.ok) return order;
  const { household, counter, week } = order.value;
  const line = charter.cameras.find(({ id }) => id === camera);
  if (line === undefined || order.value.camera !== camera || household !== charter.household)
    return refuse({ kind: "other-camera" });
  const have = current?.counter ?? 0;
  if (counter <= have) return refuse({ kind: "mode-not-newer", have, found: counter });
  const forbidden = week.find(({ mode }) => !line.modes.includes(mode));
  if (forbidden !== undefined) return refuse({ kind: "mode-not-allowed", mode: forbidden.mode });
  const owners = ownersOf(charter).map(({ id }) => memberKeyName(id));
  const byOwner = opened.value.signers.some(({ name }) => owners.includes(name));
  const loosest = Math.max(...week.map(({ mode }) => rank(mode)));
  if (!byOwner && loosest > rank(modeNow(line, current, undefined)))
    return refuse({ kind: "may-not-loosen" });
  return order;
}

/**
 * What the camera does: the order's mode at this minute of the week, as far as the charter still allows it, never more. Without an
 * order the most that is allowed; without a clock the strictest of the week.
 */
export function modeNow(
  { modes }: Pick<CharterCamera, "modes">,
  order: Pick<ModeOrder, "week"> | undefined,
  minute: number | undefined,
): Mode {
  const wanted = order === undefined ? rank("record") : rank(ordered(order.week, minute));
  return allModes.toReversed().find((mode) => modes.includes(mode) && rank(mode) <= wanted) ?? "off";
}

function ordered(week: readonly Turn[], minute: number | undefined): Mode {
  // unreached: a week begins at minute 0
  if (minute !== undefined) return week.findLast((turn) => turn.minute <= minute)?.mode ?? "off";
  // unreached: a week has a turn, of one of these modes
  return allModes.find((mode) => week.some((turn) => turn.mode === mode)) ?? "off";
}

/** A time zone's name as IANA writes them. Whether there is such a zone, only a machine with its tables knows. */
function isZoneName(text: string): text is string {
  return text.length <= zoneCharsMax && /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/.test(text);
}

function readWeek(read: FieldReader): readonly Turn[] {
  const week: Turn[] = [];
  for (const line of read.list("turn", turnsMax)) {
    const [minuteText = "", modeText, ...more] = line.split(" ");
    const minute = parseDecimal(minuteText);
    const mode = allModes.find((one) => one === modeText);
    const before = week.at(-1);
    const follows = before === undefined ? minute === 0 : minute !== undefined && minute > before.minute;
    read.check(follows && mode !== before?.mode && more.length === 0, "turn");
    if (minute === undefined || minute >= weekMinutes || mode === undefined) read.check(false, "turn");
    else week.push({ minute, mode });
  }
  read.check(week.length > 0, "turn");
  return week;
}
