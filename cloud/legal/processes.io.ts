import { toBase64 } from "../../shared/kernel/bytes.js";
import {
  type AgencyId,
  type CourseId,
  type HouseholdId,
  newCourseId,
  type OfficerId,
} from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import type { OrderNoticeKind } from "../../shared/release/ordernotice.js";
import { askedBefore } from "../docket/again.js";
import type { Book, DocketQuery, Kept } from "../docket/docket.io.js";
import { turns } from "../docket/turns.js";
import { mayAsk, waitingMax } from "../office/people.js";
import type { KeptPreservation, OrderServices } from "./preservations.io.js";
import {
  keepsFor,
  keptItems,
  type LegalProcess,
  type ProcessEvent,
  type ProcessRefusal,
  processMachine,
  type Received,
} from "./process.js";
import { produce } from "./production.io.js";
import type { ProcessItem } from "./scope.js";

export type KeptProcess = Kept<LegalProcess>;

type Wish = Omit<Received, "household" | "receivedAt" | "salt">;
type Refusal =
  | ProcessRefusal
  | { readonly kind: "agency-not-active" | "too-many-waiting" | "one-household" | "not-produced" };

export interface Processes {
  receive(wish: Wish): Promise<Result<KeptProcess, Refusal>>;
  find(id: CourseId): Promise<KeptProcess | undefined>;
  /** Newest first. */
  list(query: DocketQuery): Promise<readonly KeptProcess[]>;
  /** `undefined` where there is no such process. */
  callBack(
    id: CourseId,
    call: { readonly by: OfficerId; readonly called: string; readonly authentic: boolean },
  ): Promise<Result<KeptProcess, Refusal> | undefined>;
  advance(
    id: CourseId,
    event: ProcessEvent & { readonly kind: "propose" | "confirm" | "object" | "withdraw" },
  ): Promise<Result<KeptProcess, Refusal> | undefined>;
  /** A tar of what is held, as it is held: sealed. Only while it is produced. */
  production(process: KeptProcess): Result<AsyncIterable<Uint8Array>, Refusal>;
}

interface ProcessServices extends OrderServices {
  /** Of this agency, about this camera: kept by the process from now on. */
  readonly convert: (order: KeptPreservation, process: string) => Promise<void>;
  readonly activeOrders: (agency: string) => Promise<readonly KeptPreservation[]>;
}

type ProcessBook = Book<LegalProcess, ProcessEvent, ProcessRefusal>;

export function createProcesses(services: ProcessServices): Processes {
  const { docket, directory, custodian } = services;
  // What is counted as waiting must still be all that waits when one more is taken.
  const ofAgency = turns<AgencyId>();
  const book: ProcessBook = docket.open(processMachine, {
    settle: (process) => settle(services, book, process),
  });
  return {
    find: (id) => book.find(id),
    list: (query) => book.list(query),
    receive: (wish) => ofAgency(wish.agency, () => receive(services, book, wish)),
    async callBack(id, { by, called, authentic }) {
      const process = await book.find(id);
      if (process === undefined) return undefined;
      if (!authentic) return book.advance(id, { kind: "deny", by }, by);
      const registered = (await directory.agency(process.state.agency))?.agreement.phone ?? "none";
      return book.advance(id, { kind: "authenticate", by, called, registered }, by);
    },
    async advance(id, event) {
      return (await book.find(id)) === undefined ? undefined : book.advance(id, event, event.by);
    },
    production({ state }) {
      const { household } = state;
      if (state.kind !== "produced" || household === undefined) return refuse({ kind: "not-produced" });
      return ok(produce(custodian, { ...state, household }));
    },
  };
}

async function receive(
  services: ProcessServices,
  book: ProcessBook,
  wish: Wish,
): Promise<Result<KeptProcess, Refusal>> {
  const { clock, random, directory } = services;
  const agency = await directory.agency(wish.agency);
  if (agency === undefined || !mayAsk(agency)) return refuse({ kind: "agency-not-active" });
  const kinds = ["received", "authenticated"];
  const waiting = await book.list({ agency: wish.agency, kinds, limit: waitingMax });
  const items = await Promise.all(wish.items.map((item) => placed(services, item)));
  const [household, ...others] = new Set(items.flatMap(({ of }) => of ?? []));
  if (others.length > 0) return refuse({ kind: "one-household" });
  const salt = toBase64(random.bytes(32));
  const lines = items.map(({ of: _, ...item }) => item);
  const again = askedBefore(waiting, { ...wish, items: lines });
  if (again !== undefined) return ok(again);
  if (waiting.length >= waitingMax) return refuse({ kind: "too-many-waiting" });
  const event = {
    ...wish,
    kind: "receive",
    items: lines,
    salt,
    ...(household && { household }),
  } as const;
  return book.advance(newCourseId(clock.wall(), random), event, wish.by);
}

/** A line with where its camera stands, and whose it is, by what the cloud knows now. */
async function placed({ cameras }: ProcessServices, { place: _, ...item }: ProcessItem): Promise<Placed> {
  const known = item.camera === undefined ? undefined : await cameras.known(item.camera);
  return known === undefined ? item : { ...item, place: known.place, of: known.household };
}

interface Placed extends ProcessItem {
  readonly of?: HouseholdId;
}

/** Keeps what is reached, takes over what a preservation kept, tells the household, counts what is due; again does no harm. */
async function settle(services: ProcessServices, book: ProcessBook, kept: KeptProcess): Promise<void> {
  const { id, state } = kept;
  await hold(services, kept);
  await tell(services, kept);
  if (state.kind !== "due") return;
  let clips = 0;
  for (const item of keptItems(state))
    if (state.household !== undefined)
      clips += (await services.custodian.clips({ household: state.household, ...item })).length;
  await book.advance(id, { kind: "count", clips }, "clock");
}

async function hold(
  { custodian, activeOrders, convert }: ProcessServices,
  { id, state }: KeptProcess,
): Promise<void> {
  const { household, items, agency } = state;
  const reached = keepsFor(state) ? keptItems(state) : [];
  for (const at of items.keys()) {
    const item = reached.find((one) => one.at === at);
    if (item === undefined || household === undefined) await custodian.lift(`${id}.${at}`);
    else await custodian.hold(`${id}.${at}`, { household, ...item });
  }
  for (const order of reached.length > 0 ? await activeOrders(agency) : [])
    if (reached.some(({ camera, from, to }) => covers({ camera, from, to }, order))) await convert(order, id);
}

function covers(
  item: { readonly camera: string; readonly from: number; readonly to: number },
  { state }: KeptPreservation,
): boolean {
  return item.camera === state.camera && item.from <= state.from && item.to >= state.to;
}

async function tell({ notices, directory }: ProcessServices, { id, state }: KeptProcess): Promise<void> {
  const { household, file, salt, gagUntil, dueAt } = state;
  if (household === undefined || !state.notified) return;
  const agency = (await directory.agency(state.agency))?.agreement.name ?? state.agency;
  const asked = state.items.flatMap(({ data, camera, from, to }) =>
    camera === undefined || from === undefined || to === undefined ? [] : [{ data, camera, from, to }],
  );
  const items = state.kept.length > 0 ? keptItems(state).map(({ at: _, ...item }) => item) : asked;
  const facts = { household, about: id, agency, file, items, salt };
  const gagged = gagUntil !== undefined;
  const first: OrderNoticeKind = gagged ? "legal-process-gag-over" : "legal-process";
  await notices.tell({ ...facts, kind: first, until: gagged ? gagUntil : dueAt });
  if (state.kind === "produced") await notices.tell({ ...facts, kind: "legal-process-produced" });
  if (over.includes(state.kind)) await notices.tell({ ...facts, kind: "legal-process-over" });
}

const over: readonly LegalProcess["kind"][] = ["closed", "nothing-held", "rejected", "withdrawn"];
