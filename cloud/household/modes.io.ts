import type { Kysely } from "kysely";
import { type ModeOrder, type ModeRefusal, openNextMode, parseMode } from "../../shared/charter/mode.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { textOf } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import type { CharterReader } from "./charters.io.js";

/** A camera's mode orders: the cloud hands on the newest, and can make none. */
export interface Modes {
  /** The camera's newest order, as it was signed. */
  newest(camera: CameraId): Promise<{ readonly counter: number; readonly note: string } | undefined>;
  /** Stores an order that follows the newest one, durably. The newest again is the same answer. */
  put(household: HouseholdId, camera: CameraId, note: string): Promise<Result<ModeOrder, ModeRefusal>>;
  /** Called after each commit of an order. */
  onChange(listener: (household: HouseholdId) => void): void;
}

export function createModes(db: Kysely<Database>, charters: CharterReader, clock: Clock): Modes {
  const listeners: ((household: HouseholdId) => void)[] = [];
  const newest: Modes["newest"] = (camera) =>
    db.selectFrom("camera_mode").select(["counter", "note"]).where("camera", "=", camera).executeTakeFirst();
  return {
    newest,
    onChange: (listener) => void listeners.push(listener),
    async put(household, camera, note) {
      const charter = await charters.current(household);
      if (charter === undefined) return refuse({ kind: "other-camera" });
      const before = orderIn(await newest(camera));
      const next = openNextMode(charter, camera, before, note);
      if (!next.ok) return isSame(before, next.error, note) ? ok(before) : next;
      const { counter } = next.value;
      const row = { household, counter, note, arrived_at: clock.wall() };
      // Of two at the same time the higher counter wins. Power lost before the commit: the order before stands.
      const written = await db
        .insertInto("camera_mode")
        .values({ camera, ...row })
        .onConflict((conflict) =>
          conflict.column("camera").doUpdateSet(row).where("camera_mode.counter", "<", counter),
        )
        .returning("camera")
        .execute();
      if (written.length === 0) return refuse({ kind: "mode-not-newer", have: counter, found: counter });
      for (const listener of listeners) listener(household);
      return next;
    },
  };
}

function orderIn(row: { readonly note: string } | undefined): ModeOrder | undefined {
  const order = row && parseMode(textOf(row.note));
  return order?.ok === true ? order.value : undefined;
}

/** The newest order once more: an answer was lost on its way. */
function isSame(before: ModeOrder | undefined, refusal: ModeRefusal, note: string): before is ModeOrder {
  const order = parseMode(textOf(note));
  return (
    before !== undefined &&
    refusal.kind === "mode-not-newer" &&
    order.ok &&
    JSON.stringify(order.value) === JSON.stringify(before)
  );
}
