import { pictureScale, type Zone } from "../shared/charter/areas.js";
import type { OpenedCharter, SignedCharter } from "../shared/charter/charter.js";
import type { CharterCamera, Mode } from "../shared/charter/lines.js";
import { assert } from "../shared/kernel/assert.js";
import type { ClipId } from "../shared/kernel/ids.js";
import type { Log } from "../shared/kernel/ports.js";
import type { Enrolment, Keystore } from "./board/keystore.io.js";
import type { Mask } from "./camera/mask.js";
import type { Custody } from "./sealer/seal.io.js";
import { follow, openDeletion } from "./uplink/orders.js";

/** What the household's charter makes this camera do. */
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
  rules(): Rules;
  /** To whom a clip that begins now is sealed. */
  custody(): Omit<Custody, "clock">;
  /**
   * Takes one answer's charters that follow the one in force, durably; true when something did. The removal of this camera is a
   * last word: nothing is taken any more once it is the newest that there is, or at the next start.
   */
  follow(later: readonly SignedCharter[]): boolean;
  /** The clip that a deletion names; `undefined` when the order does not hold. */
  openDeletion(note: string): ClipId | undefined;
  troubles(): readonly string[];
}

export function createHouse(keystore: Keystore, { identity, charter: first }: Enrolment, log: Log): House {
  const { camera } = identity;
  let charter: OpenedCharter = first;
  let refusal: string | undefined;
  /** Longer chains come in several answers: a later one may name this camera again, but not once it has heard the end. */
  let over = charter.cameras.every(({ id }) => id !== camera);
  const ownLine = (): CharterCamera | undefined => charter.cameras.find(({ id }) => id === camera);
  return {
    version: () => charter.version,
    rules: () => rulesOf(ownLine()),
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
      const line = ownLine();
      log("charter.followed", {
        version: charter.version,
        mode: rulesOf(line).mode,
        removed: line === undefined,
      });
      return true;
    },
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
      return [...removed, ...refused];
    },
  };
}

function removedText(version: number): string {
  return `the household removed this camera with charter ${version}: it records no more, what waits on its card stays there; reset and install it to use it again`;
}

/** The most that the charter allows. A camera that it does not name any more has had its last word: off. */
function rulesOf(line: CharterCamera | undefined): Rules {
  if (line === undefined) return { mode: "off", masks: [], zones: [], audio: false };
  const mode = (["record", "detect", "off"] as const).find((one) => line.modes.includes(one)) ?? "off";
  const masks = line.masks.map((mask) =>
    mask.map(({ x, y }) => ({ x: x / pictureScale, y: y / pictureScale })),
  );
  return { mode, masks, zones: line.zones, audio: line.audio };
}
