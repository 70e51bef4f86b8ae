import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { readStatus, type Status } from "../../shared/protocol/messages.js";
import type { VaultTables } from "../vault/tables.js";

/** How a camera is, as far as the cloud knows. */
export interface CameraHealth {
  readonly online: boolean;
  /** When it last said anything; absent when it never did. */
  readonly seenAt?: Millis;
  /** Its newest `online` status. */
  readonly status?: Extract<Status, { state: "online" }>;
  /** Two devices held its identity within the last minutes. */
  readonly identityConflict: boolean;
}

interface Known {
  online: boolean;
  seenAt: Millis;
  status?: Extract<Status, { state: "online" }>;
  conflictAt?: Millis;
  dirty: boolean;
}

/** An identity conflict is shown for so long after it was last seen. */
const conflictShownMillis = 10 * 60_000;

/** What cameras say of themselves. Kept in memory; written down every few seconds, since nothing hangs on the last words. */
export class Cameras {
  private readonly db: Kysely<VaultTables>;
  private readonly clock: Clock;
  private readonly known = new Map<CameraId, Known>();

  constructor(db: Kysely<VaultTables>, clock: Clock) {
    this.db = db;
    this.clock = clock;
  }

  /** Reads what the last run knew. */
  async load(): Promise<void> {
    for (const row of await this.db.selectFrom("camera_status").selectAll().execute()) {
      const status = readStatus(Buffer.from(row.message));
      this.known.set(row.camera as CameraId, {
        online: false,
        seenAt: millis(Number(row.seen_at)),
        ...(status.ok && status.value.state === "online" ? { status: status.value } : {}),
        dirty: false,
      });
    }
  }

  health(camera: CameraId): CameraHealth {
    const known = this.known.get(camera);
    if (known === undefined) return { online: false, identityConflict: false };
    const { online, seenAt, status, conflictAt } = known;
    const identityConflict = conflictAt !== undefined && this.clock.wall() - conflictAt < conflictShownMillis;
    return { online, seenAt, ...(status === undefined ? {} : { status }), identityConflict };
  }

  onlineCount(): number {
    let count = 0;
    for (const { online } of this.known.values()) if (online) count += 1;
    return count;
  }

  seen(camera: CameraId): Known {
    const known = this.known.get(camera) ?? { online: false, seenAt: millis(0), dirty: true };
    known.seenAt = this.clock.wall();
    known.dirty = true;
    this.known.set(camera, known);
    return known;
  }

  isOnline(camera: CameraId, online: boolean): void {
    this.seen(camera).online = online;
  }

  said(camera: CameraId, status: Status): void {
    const known = this.seen(camera);
    known.online = status.state === "online";
    if (status.state === "online") known.status = status;
  }

  conflict(camera: CameraId): void {
    this.seen(camera).conflictAt = this.clock.wall();
  }

  async flush(): Promise<void> {
    const dirty = [...this.known].filter(([, known]) => known.dirty);
    if (dirty.length === 0) return;
    for (const [, known] of dirty) known.dirty = false;
    // Power lost before the commit: the last seconds' words are forgotten, and said again at the next connection.
    await this.db.transaction().execute(async (db) => {
      for (const [camera, { seenAt, status }] of dirty) {
        const row = { seen_at: seenAt, message: status === undefined ? "" : JSON.stringify(status) };
        await db
          .insertInto("camera_status")
          .values({ camera, ...row })
          .onConflict((conflict) => conflict.column("camera").doUpdateSet(row))
          .execute();
      }
    });
  }
}
