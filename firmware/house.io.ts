import { pictureScale, type Zone } from "../shared/charter/areas.js";
import type { OpenedCharter, SignedCharter } from "../shared/charter/charter.js";
import type { CharterCamera, Mode } from "../shared/charter/lines.js";
import { type ModeOrder, modeNow, openNextMode } from "../shared/charter/mode.js";
import { assert } from "../shared/kernel/assert.js";
import type { CameraId, ClipId } from "../shared/kernel/ids.js";
import type { Log } from "../shared/kernel/ports.js";
import type { Enrolment, Keystore } from "./board/keystore.io.js";
import type { Mask } from "./camera/mask.js";
import type { Custody } from "./sealer/seal.io.js";
import { follow, openDeletion } from "./uplink/orders.js";

/** What the household's charter and its newest mode order make this camera do. */
export interface Rules {
  readonly mode: Mode;
  readonly masks: readonly Mask[];
  /** Where motion counts. */
  readonly zones: readonly Zone[];
  /** Whether it records sound, where its source has any. */
  readonly audio: boolean;
}

/** The household as its newest charter here says. */
export interface House {
  version(): number;
  /** Counter of the mode order that is obeyed; 0 without one. */
  modeCounter(): number;
  /** As of now: a timetable may change them from minute to minute. */
  rules(): Rules;
  /** To whom a clip that begins now is sealed. */
  custody(): Omit<Custody, "clock">;
  /**
   * Takes one answer's charters that follow the one in force, durably; true when something did. The removal of this camera is a
   * last word: nothing is taken any more once it is the newest that there is, or at the next start.
   */
  follow(later: readonly SignedCharter[]): boolean;
  /** Takes a newer mode order durably; true when it holds. */
  obey(note: string): boolean;
  /** The clip that a deletion names; `undefined` when the order does not hold. */
  openDeletion(note: string): ClipId | undefined;
  troubles(): readonly string[];
}

/** Minutes since Monday 00:00 in a time zone; `undefined` where nobody knows. */
export type MinuteOfWeek = (zone: string) => number | undefined;

export function createHouse(
  keystore: Keystore,
  { identity, charter: first, mode: kept }: Enrolment,
  minuteOf: MinuteOfWeek,
  log: Log,
): House {
  const { camera } = identity;
  let charter: OpenedCharter = first;
  let refusal: string | undefined;
  /** Longer chains come in several answers: a later one may name this camera again, but not once it has heard the end. */
  let over = charter.cameras.every(({ id }) => id !== camera);
  const orders = createOrders({ keystore, kept, minuteOf, log });
  const ownLine = (): CharterCamera | undefined => charter.cameras.find(({ id }) => id === camera);
  const rulesNow = (): Rules => {
    const line = ownLine();
    return line === undefined ? off : { ...rulesOf(line), mode: orders.mode(line) };
  };
  return {
    version: () => charter.version,
    modeCounter: orders.counter,
    rules: rulesNow,
    custody() {
      const line = ownLine();
      assert(line !== undefined, "a clip began though the charter does not name this camera");
      return { household: charter.household, camera, recipient: line.recipient, charter: charter.hash };
    },
    follow(later) {
      if (over) {
        if (later.length > 0) log("charter.not-taken", { have: charter.version, why: "removed" });
        return false;
      }
      const followed = follow(charter, later);
      refusal = followed.refusal?.kind;
      if (refusal !== undefined) log("charter.refused", { have: followed.charter.version, why: refusal });
      if (later.length === 0) over = ownLine() === undefined;
      if (followed.added.length === 0) return false;
      // Power lost before this: the charter in force stays, and the cloud is asked again.
      keystore.addCharters(followed.added);
      charter = followed.charter;
      const { version } = charter;
      log("charter.followed", { version, mode: rulesNow().mode, removed: ownLine() === undefined });
      return true;
    },
    obey: (note) => orders.obey(charter, camera, note),
    openDeletion(note) {
      const deletion = openDeletion(note, charter, camera);
      if (deletion.ok) return deletion.value.clip;
      log("deletion.refused", { why: deletion.error.kind });
      return undefined;
    },
    troubles() {
      const removed = ownLine() === undefined ? [removedText(charter.version)] : [];
      const refused =
        refusal === undefined ? [] : [`the cloud sent a charter that does not hold: ${refusal}`];
      return [...removed, ...refused, ...orders.troubles()];
    },
  };
}

function removedText(version: number): string {
  return `the household removed this camera with charter ${version}: it records no more, what waits on its card stays there; reset and install it to use it again`;
}

interface Orders {
  counter(): number;
  mode(line: CharterCamera): Mode;
  obey(charter: OpenedCharter, camera: CameraId, note: string): boolean;
  troubles(): readonly string[];
}

/** The mode order that is obeyed, on the card and here. */
function createOrders({
  keystore,
  kept,
  minuteOf,
  log,
}: {
  readonly keystore: Keystore;
  readonly kept: Enrolment["mode"];
  readonly minuteOf: MinuteOfWeek;
  readonly log: Log;
}): Orders {
  let order = kept === "lost" ? undefined : kept;
  let lost = kept === "lost";
  let refusal: string | undefined;
  return {
    counter: () => order?.counter ?? 0,
    mode: (line) => (lost ? "off" : modeNow(line, order, order && minuteIn(order, minuteOf))),
    obey(charter, camera, note) {
      const have = order?.counter ?? 0;
      const next = openNextMode(charter, camera, order, note);
      // Told once more of the one that it has: no trouble.
      if (!next.ok && next.error.kind === "mode-not-newer" && next.error.found === have) return false;
      refusal = next.ok ? undefined : next.error.kind;
      if (!next.ok) {
        log("mode.refused", { have, why: next.error.kind });
        return false;
      }
      // Power lost before this: the order before is obeyed, and the cloud is asked for the newest.
      keystore.saveMode(next.value);
      order = next.value;
      lost = false;
      log("mode.obeyed", { counter: order.counter });
      return true;
    },
    troubles() {
      const refused =
        refusal === undefined ? [] : [`the cloud sent a mode order that does not hold: ${refusal}`];
      const timeless = order !== undefined && minuteIn(order, minuteOf) === undefined ? [timelessText] : [];
      return [...refused, ...(lost ? [lostText] : []), ...timeless];
    },
  };
}

/** One mode all week needs no clock. */
function minuteIn({ week, zone }: ModeOrder, minuteOf: MinuteOfWeek): number | undefined {
  return week.length === 1 ? 0 : minuteOf(zone);
}

const lostText =
  "the card damaged or lost the household's mode order: the camera is off until a member gives it a mode again (lintel member mode)";
const timelessText =
  "the clock is not set, or the time zone is unknown: the camera keeps to the strictest of its timetable";

/** A camera that the charter does not name any more has had its last word. */
const off: Rules = { mode: "off", masks: [], zones: [], audio: false };

function rulesOf(line: CharterCamera): Omit<Rules, "mode"> {
  const masks = line.masks.map((mask) =>
    mask.map(({ x, y }) => ({ x: x / pictureScale, y: y / pictureScale })),
  );
  return { masks, zones: line.zones, audio: line.audio };
}
