import type { Kysely } from "kysely";
import { millis } from "../../shared/kernel/brand.js";
import { toUtf8 } from "../../shared/kernel/bytes.js";
import { readStatus } from "../../shared/protocol/messages.js";
import type { VaultTables } from "../vault/tables.js";
import type { CameraStates } from "./routes/cameras.js";

/** The cameras' last words, as ingest stored them. A camera is online from its own word until its will says otherwise. */
export function createCameraStates(db: Kysely<VaultTables>): CameraStates {
  return {
    async find(camera) {
      const row = await db
        .selectFrom("camera_status")
        .selectAll()
        .where("camera", "=", camera)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const status = readStatus(toUtf8(row.message));
      const seenAt = millis(Number(row.seen_at));
      if (!status.ok) return { seenAt, connected: false };
      return { seenAt, connected: status.value.state === "online", status: status.value };
    },
  };
}
