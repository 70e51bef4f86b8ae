import { randomBytes, randomUUID } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { type Beside, writeBeside } from "../beside.io.js";
import { type GuardRefusal, pin, type Reach } from "./guard.io.js";
import type { DeliveryRow, NotifyTables, WebhookRow } from "./tables.js";

/** Webhooks of one household. */
const webhooksMax = 8;
/** Deliveries on one list, the newest. */
const deliveriesShownMax = 100;
const secretBytes = 32;

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly madeAt: Millis;
  /** The receiver said that it is gone (410). */
  readonly ended: boolean;
}

export interface MadeWebhook extends Webhook {
  readonly secret: string;
}

export interface Delivery {
  readonly message: string;
  readonly kind: string;
  readonly madeAt: Millis;
  readonly tries: number;
  readonly state: "waiting" | "delivered" | "given-up";
  readonly answer?: string;
}

export type WebhookRefusal = GuardRefusal | { readonly kind: "too-many-webhooks" };

/** A household's webhooks. Every method is one statement or one transaction. */
export interface Webhooks {
  /** With its secret, which is shown this once. */
  add(
    household: HouseholdId,
    url: URL,
    beside?: Beside<MadeWebhook>,
  ): Promise<Result<MadeWebhook, WebhookRefusal>>;
  list(household: HouseholdId): Promise<readonly Webhook[]>;
  /** What waits for it goes too. False when there is none. */
  remove(household: HouseholdId, id: string): Promise<boolean>;
  deliveries(household: HouseholdId, id: string): Promise<readonly Delivery[] | undefined>;
  /** Queues a message of the kind `test`; its id. */
  test(household: HouseholdId, id: string, beside?: Beside<string>): Promise<string | undefined>;
  /** Queues again what happened since; how many. A receiver that had said that it is gone is tried again. */
  replay(
    household: HouseholdId,
    id: string,
    since: Millis,
    beside?: Beside<number>,
  ): Promise<number | undefined>;
}

export function createWebhooks(
  db: Kysely<NotifyTables>,
  { clock, reach }: { readonly clock: Clock; readonly reach: Reach },
): Webhooks {
  const find = (household: HouseholdId, id: string): Promise<WebhookRow | undefined> =>
    db
      .selectFrom("webhook")
      .selectAll()
      .where("household", "=", household)
      .where("id", "=", id)
      .executeTakeFirst();
  const listRows = (household: HouseholdId): Promise<readonly WebhookRow[]> =>
    db.selectFrom("webhook").selectAll().where("household", "=", household).orderBy("made_at").execute();

  return {
    async add(household, url, beside) {
      const pinned = await pin(url, reach);
      if (!pinned.ok) return pinned;
      if ((await listRows(household)).length >= webhooksMax) return refuse({ kind: "too-many-webhooks" });
      const secret = `whsec_${randomBytes(secretBytes).toString("base64")}`;
      const row = {
        id: randomUUID(),
        household,
        url: url.href,
        secret,
        made_at: clock.wall(),
        ended_at: null,
      };
      const made = { ...webhookOf(row), secret };
      // Power lost before the commit: there is none, and its secret was shown to nobody.
      await db.transaction().execute(async (trx) => {
        await trx.insertInto("webhook").values(row).execute();
        await writeBeside(trx, beside, made);
      });
      return ok(made);
    },
    list: async (household) => (await listRows(household)).map(webhookOf),
    async remove(household, id) {
      const { numDeletedRows } = await db
        .deleteFrom("webhook")
        .where("household", "=", household)
        .where("id", "=", id)
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },
    async deliveries(household, id) {
      if ((await find(household, id)) === undefined) return undefined;
      const rows = await db
        .selectFrom("webhook_delivery")
        .selectAll()
        .where("webhook", "=", id)
        .orderBy("made_at", "desc")
        .limit(deliveriesShownMax)
        .execute();
      return rows.map(deliveryOf);
    },
    async test(household, id, beside) {
      if ((await find(household, id)) === undefined) return undefined;
      const row = testRow(household, id, clock.wall());
      await db.transaction().execute((trx) => queue(trx, row, beside));
      return row.message;
    },
    async replay(household, id, since, beside) {
      if ((await find(household, id)) === undefined) return undefined;
      return db.transaction().execute(async (trx) => {
        const count = await queueAgain(trx, { webhook: id, since, now: clock.wall() });
        await writeBeside(trx, beside, count);
        return count;
      });
    },
  };
}

/** Power lost before the commit: nothing is sent. */
async function queue(
  trx: Transaction<NotifyTables>,
  row: DeliveryRow,
  beside: Beside<string> | undefined,
): Promise<void> {
  await trx.insertInto("webhook_delivery").values(row).execute();
  await writeBeside(trx, beside, row.message);
}

async function queueAgain(
  trx: Transaction<NotifyTables>,
  { webhook, since, now }: { readonly webhook: string; readonly since: Millis; readonly now: Millis },
): Promise<number> {
  await trx.updateTable("webhook").set({ ended_at: null }).where("id", "=", webhook).execute();
  const { numUpdatedRows } = await trx
    .updateTable("webhook_delivery")
    .set({ due_at: now, delivered_at: null, tries: 0 })
    .where("webhook", "=", webhook)
    .where("made_at", ">=", since)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

function testRow(household: HouseholdId, webhook: string, now: Millis): DeliveryRow {
  const told = { type: "test", timestamp: new Date(now).toISOString(), data: { household } };
  const message = `test-${randomUUID()}`;
  const times = { made_at: now, due_at: now, delivered_at: null };
  return { webhook, message, kind: "test", payload: JSON.stringify(told), tries: 0, answer: null, ...times };
}

function webhookOf({ id, url, made_at, ended_at }: WebhookRow): Webhook {
  return { id, url, madeAt: millis(Number(made_at)), ended: ended_at !== null };
}

function deliveryOf(row: DeliveryRow): Delivery {
  const { message, kind, made_at, tries, due_at, delivered_at, answer } = row;
  const state = delivered_at !== null ? "delivered" : due_at !== null ? "waiting" : "given-up";
  return { message, kind, madeAt: millis(Number(made_at)), tries, state, ...(answer !== null && { answer }) };
}
