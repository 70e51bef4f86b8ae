import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import type { LookupFunction } from "node:net";
import type { Kysely } from "kysely";
import { Webhook as Signer } from "standardwebhooks";
import type { Clock } from "../../shared/kernel/ports.js";
import { pauseMillisAfter } from "./backoff.js";
import { type Pinned, pin, type Reach } from "./guard.io.js";
import type { DeliveryRow, NotifyTables, WebhookRow } from "./tables.js";

/** A receiver answers within this time, or the try failed. */
const answerMillisMax = 15_000;
/** What is under way is not taken again for so long, also after a kill. */
const leaseMillis = 2 * answerMillisMax;
/** Looked after so often, and whenever it is woken. */
const lookMillis = 1_000;
/** Under way at a time, over all receivers; of one webhook there is one. */
const underWayMax = 16;
/** Deliveries are kept so long for replay. */
const keptMillis = 7 * 24 * 60 * 60_000;
const forgetMillis = 60 * 60_000;

export interface CourierOptions {
  readonly clock: Clock;
  readonly reach: Reach;
  /** Something failed that is nobody's webhook. */
  readonly onFault: (error: unknown) => void;
}

export interface Courier {
  /** Something may have been queued. */
  wake(): void;
  /** What is under way ends first, within `answerMillisMax`. */
  close(): Promise<void>;
}

type Due = DeliveryRow & Pick<WebhookRow, "url" | "secret">;

/** Sends what is queued, at least once: a receiver tells repetitions by `webhook-id` (Standard Webhooks). */
export function startCourier(db: Kysely<NotifyTables>, options: CourierOptions): Courier {
  const { clock, onFault } = options;
  const busy = new Map<string, Promise<void>>();
  let looking: Promise<void> = Promise.resolve();
  let closed = false;
  let forgottenAt: number | undefined;

  const look = async (): Promise<void> => {
    const now = clock.wall();
    if (forgottenAt === undefined || now - forgottenAt > forgetMillis) {
      await db
        .deleteFrom("webhook_delivery")
        .where("made_at", "<", now - keptMillis)
        .execute();
      forgottenAt = now;
    }
    for (const due of await dueNow(db, now)) {
      if (closed || busy.size >= underWayMax) return;
      if (busy.has(due.webhook)) continue;
      // Power lost after this: it is tried again when the lease is over.
      await update(db, due, { due_at: now + leaseMillis, tries: due.tries + 1 });
      const sent = deliver(db, { ...due, tries: due.tries + 1 }, options)
        .catch(onFault)
        .finally(() => {
          busy.delete(due.webhook);
          wake();
        });
      busy.set(due.webhook, sent);
    }
  };
  const wake = (): void => {
    if (!closed) looking = looking.then(look).catch(onFault);
  };
  const timer = setInterval(wake, lookMillis);
  return {
    wake,
    async close() {
      closed = true;
      clearInterval(timer);
      await looking;
      await Promise.all(busy.values());
    },
  };
}

async function dueNow(db: Kysely<NotifyTables>, now: number): Promise<readonly Due[]> {
  const rows = await db
    .selectFrom("webhook_delivery")
    .innerJoin("webhook", "webhook.id", "webhook_delivery.webhook")
    .selectAll("webhook_delivery")
    .select(["webhook.url", "webhook.secret"])
    .where("due_at", "<=", now)
    .where("ended_at", "is", null)
    .orderBy("due_at")
    .limit(underWayMax * 4)
    .execute();
  return rows;
}

async function deliver(db: Kysely<NotifyTables>, due: Due, options: CourierOptions): Promise<void> {
  const answer = await attempt(due, options);
  const now = options.clock.wall();
  if (typeof answer === "number" && answer >= 200 && answer < 300)
    return update(db, due, { delivered_at: now, due_at: null, answer: `${answer}` });
  if (answer === 410) {
    await db.updateTable("webhook").set({ ended_at: now }).where("id", "=", due.webhook).execute();
    return update(db, due, { due_at: null, answer: "410" });
  }
  const pause = pauseMillisAfter(due.tries, Math.random());
  await update(db, due, { due_at: pause === undefined ? null : now + pause, answer: `${answer}` });
}

async function update(
  db: Kysely<NotifyTables>,
  { webhook, message }: Pick<Due, "webhook" | "message">,
  values: Partial<Pick<DeliveryRow, "due_at" | "delivered_at" | "answer" | "tries">>,
): Promise<void> {
  await db
    .updateTable("webhook_delivery")
    .set(values)
    .where("webhook", "=", webhook)
    .where("message", "=", message)
    .execute();
}

/** The receiver's status, or a word on why there is none. */
async function attempt(due: Due, { clock, reach }: CourierOptions): Promise<number | string> {
  const url = new URL(due.url);
  const pinned = await pin(url, reach);
  if (!pinned.ok) return pinned.error.kind;
  const at = new Date(clock.wall());
  const headers = {
    "content-type": "application/json",
    "content-length": `${Buffer.byteLength(due.payload)}`,
    "user-agent": "Lintel",
    "webhook-id": due.message,
    "webhook-timestamp": `${Math.floor(at.getTime() / 1000)}`,
    "webhook-signature": new Signer(due.secret).sign(due.message, at, due.payload),
  };
  try {
    return await post(url, pinned.value, headers, due.payload);
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "no answer";
  }
}

/** To the pinned address and no other; redirections are not followed, and of the answer only the status counts. */
function post(
  url: URL,
  { address, family }: Pinned,
  headers: Readonly<Record<string, string>>,
  payload: string,
): Promise<number> {
  const lookup: LookupFunction = (_host, { all }, done) =>
    all === true ? done(null, [{ address, family }]) : done(null, address, family);
  const request = url.protocol === "https:" ? requestTls : requestPlain;
  const signal = AbortSignal.timeout(answerMillisMax);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: "POST", headers, lookup, agent: false, signal },
      (answer: IncomingMessage) => {
        resolve(answer.statusCode ?? 0);
        answer.destroy();
      },
    );
    sent.on("error", reject).end(payload);
  });
}
