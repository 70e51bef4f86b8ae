import { fromUtf8 } from "../../../shared/kernel/bytes.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { formatEntry, type LogEntry } from "../../../shared/tlog/entry.js";
import { type AgencyRecord, agreementOf, isUnvetted } from "../../agency/agency.js";
import type { Kept, StepTaken } from "../../docket/docket.io.js";
import type { AgencyBook, RequestBook } from "../../release/deciding.io.js";
import type { RequestRecord } from "../../request/request.js";
import type { LogReader } from "../../tlog/publiclog.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/releases.js";
import { names } from "../etag.js";
import { perMinute } from "../plugins/ratelimit.js";
import { found } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface RecordServices {
  readonly agencies: AgencyBook;
  readonly requests: RequestBook;
  readonly log: LogReader;
  readonly clock: Clock;
}

/** Everybody fetches the same bytes; they are made anew this often at most. */
const feedMillis = 10_000;
const callsPerMinute = 600;
const tags = ["public record"];
/** What is in review is nobody's but its agency's and its moderator's. */
export const shownStates = ["published", "rejected", "resolved", "withdrawn", "closed", "frozen"];

/** What anybody may read, without a token: agencies with their agreements, requests with all that became of them. */
export function addRecord(app: App, services: RecordServices): void {
  addFeed(app, services);
  addRequests(app, services);
  addAgencies(app, services);
}

function addFeed(app: App, { agencies, requests, log, clock }: RecordServices): void {
  let made: { readonly at: number; readonly body: Promise<string> } | undefined;
  const make = async (): Promise<string> => {
    const open = await everyOpen(requests);
    const asking = [...new Set(open.map(({ state }) => state.agency))].sort();
    return JSON.stringify({
      requests: await Promise.all(
        open.map(async (kept) => ({
          note: kept.state.note,
          ...(await evidenceOf(log, requestEntry(kept, await stepTo(requests, kept.id, "published")))),
        })),
      ),
      agencies: await Promise.all(asking.map((id) => askingAgency({ agencies, log }, id))),
    });
  };
  app.get(
    "/public/v1/feed",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "getFeed",
        summary:
          "All open requests with their proofs: the same bytes for everybody, whatever they do with them",
        tags,
        response: { 200: contract.feed, 304: nothing },
      },
    },
    async (request, reply) => {
      const now = clock.monotonic();
      if (made === undefined || now - made.at >= feedMillis) made = { at: now, body: make() };
      const current = made;
      const body = await current.body.catch((error: unknown) => {
        if (made === current) made = undefined;
        throw error;
      });
      const tag = `"${body.length}-${hashOfText(body)}"`;
      reply.header("cache-control", "public, max-age=300").header("etag", tag);
      if (names(request.headers["if-none-match"], tag)) return reply.code(304).send(null);
      return reply
        .type("application/json")
        .serializer(String)
        .send(body as never);
    },
  );
}

/** An agency with the proofs of its agreement. */
export async function askingAgency({ agencies, log }: Pick<RecordServices, "agencies" | "log">, id: string) {
  const kept = found(await agencies.find(id));
  const { kind, agreements, terms } = kept.state;
  const entries = await agencyEntries(agencies, kept);
  const evidence = await Promise.all(entries.map((entry) => evidenceOf(log, entry)));
  return { id, state: kind, agreements: [...agreements], terms, evidence };
}

function addRequests(app: App, { requests }: RecordServices): void {
  app.get(
    "/public/v1/requests",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "listPublicRequests",
        summary: "Every request there ever was, newest first",
        tags,
        querystring: contract.recordQuery,
        response: { 200: contract.requestList },
      },
    },
    async ({ query: { agency, state, limit = 100, cursor } }) => {
      const kinds = shownStates.filter((one) => state === undefined || one === state);
      const kept = await requests.list({
        kinds,
        ...(agency && { agency }),
        before: cursor,
        limit: limit + 1,
      });
      return { requests: kept.slice(0, limit).map(shownRequest), ...nextOf(kept, limit) };
    },
  );
  app.get(
    "/public/v1/requests/:request",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "getPublicRequest",
        summary: "A request with all that became of it, each step with its place in the log",
        tags,
        params: contract.requestParams,
        response: { 200: contract.request },
      },
    },
    async ({ params: { request: id } }) => {
      const kept = await requests.find(id);
      const shown = found(kept !== undefined && shownStates.includes(kept.state.kind) ? kept : undefined);
      return { ...shownRequest(shown), steps: publicSteps(await requests.steps(id)) };
    },
  );
}

function addAgencies(app: App, { agencies }: RecordServices): void {
  app.get(
    "/public/v1/agencies",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "listPublicAgencies",
        summary: "Every agency that ever applied, with its agreements",
        tags,
        querystring: contract.recordQuery,
        response: { 200: contract.agencyList },
      },
    },
    async ({ query: { agency, state, limit = 100, cursor } }) => {
      const wanted = { ...(agency && { agency }), ...(state && { kinds: [state] }) };
      const kept = await agencies.list({ ...wanted, before: cursor, limit: limit + 1 });
      // Until two operators have vetted it, its words are nobody's but its own.
      const shown = kept.slice(0, limit).filter(({ state: one }) => !isUnvetted(one));
      return { agencies: shown.map(shownAgency), ...nextOf(kept, limit) };
    },
  );
  app.get(
    "/public/v1/agencies/:agency",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "getPublicAgency",
        summary: "An agency with its agreements and all that became of it",
        tags,
        params: contract.agencyParams,
        response: { 200: contract.agency },
      },
    },
    async ({ params: { agency: id } }) => {
      const kept = found(await agencies.find(id));
      return { ...shownAgency(kept), steps: publicSteps(await agencies.steps(id)) };
    },
  );
}

export function shownRequest({ id, state }: Kept<RequestRecord>) {
  const { agency, kind, note, rejection, errata, publishedAt, until } = state;
  return {
    ...{ id, agency, state: kind, note, errata: [...errata] },
    ...(rejection !== undefined && { rejection }),
    ...(publishedAt !== undefined && { publishedAt: timeTextOf(publishedAt) }),
    ...(until !== undefined && { until: timeTextOf(until) }),
  };
}

export function shownAgency({ id, state }: Kept<AgencyRecord>) {
  const { kind, agreements, terms, publicSince, until, why } = state;
  return {
    ...{ id, state: kind, name: agreementOf(state).name, agreements: [...agreements], terms },
    ...(publicSince !== undefined && { publicSince: timeTextOf(publicSince) }),
    ...(until !== undefined && { until: timeTextOf(until) }),
    ...(why !== undefined && { why }),
  };
}

/** What stands in the log. The first of two operators' words is nobody's decision yet, and nothing public. */
export function publicSteps(steps: readonly StepTaken[]) {
  return steps.filter(({ index }) => index !== undefined).map(shownStep);
}

export function shownStep({ kind, at, index }: StepTaken) {
  return { kind, at: timeTextOf(at), ...(index !== undefined && { index }) };
}

/** The cursor of the next page, of a list that was asked for one more than `limit`. */
export function nextOf(kept: readonly { readonly id: string }[], limit: number): { readonly next?: string } {
  const last = kept[limit - 1];
  return kept.length > limit && last !== undefined ? { next: last.id } : {};
}

interface LoggedStep extends StepTaken {
  readonly index: number;
}

/** The last step that led to this state, with its place in the log. */
export async function stepTo(book: Pick<AgencyBook, "steps">, id: string, kind: string): Promise<LoggedStep> {
  const step = (await book.steps(id)).findLast((one) => one.kind === kind && one.index !== undefined);
  return found(step as LoggedStep | undefined);
}

type Logged = LogEntry & { readonly index: number };

function requestEntry({ id, state }: Kept<RequestRecord>, { at, kind, index }: LoggedStep): Logged {
  return { kind: "request", id, at, agency: state.agency, state: kind, hash: state.request.hash, index };
}

/** However many are open, by pages. */
async function everyOpen(requests: RequestBook): Promise<readonly Kept<RequestRecord>[]> {
  const all: Kept<RequestRecord>[] = [];
  for (let before: string | undefined; ; ) {
    const page = await requests.list({ kinds: ["published"], before });
    all.push(...page);
    before = page.at(-1)?.id;
    if (before === undefined) return all;
  }
}

/** The log's line of the newest agreement and, where people have changed since, of the one that the public saw for 30 days. */
async function agencyEntries(
  agencies: AgencyBook,
  { id, state }: Kept<AgencyRecord>,
): Promise<readonly Logged[]> {
  const { agency, publicAgreement } = state;
  const { hash } = agreementOf(state);
  const entry = ({ at, kind, index }: LoggedStep, of: string): Logged => ({
    ...{ kind: "agency", id, at, agency, state: kind, hash: of, index },
  });
  // Of several steps in that state the one by which the public first saw it.
  const first = (await agencies.steps(id)).find(
    ({ kind, at }) => kind === "public" && at === state.publicSince,
  );
  const seen = entry(found(first as LoggedStep | undefined), publicAgreement ?? hash);
  if (seen.hash === hash) return [seen];
  return [entry(await stepTo(agencies, id, state.kind), hash), seen];
}

/** The entry's text, and that it stands in the log. */
export async function evidenceOf(log: LogReader, { index, ...entry }: Logged) {
  const text = fromUtf8(formatEntry(entry));
  return { entry: text.ok ? text.value : "", proof: found(await log.proof(index)) };
}
