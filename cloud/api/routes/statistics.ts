import { Readable } from "node:stream";
import { agreementOf } from "../../agency/agency.js";
import type { Pressures } from "../../agency/pressures.io.js";
import type { ReleaseBook } from "../../release/releases.io.js";
import type { LogReader } from "../../tlog/publiclog.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/record.js";
import { perMinute } from "../plugins/ratelimit.js";
import { timeTextOf } from "../time.js";
import { namesOf, pagesOf } from "./downloads.js";
import { madeAnew } from "./feeds.js";
import { type RecordServices, shownStates, stepTo } from "./record.js";

export interface StatisticsServices extends RecordServices {
  readonly releaseBook: ReleaseBook;
  readonly pressures: Pressures;
}

const callsPerMinute = 60;
const pageLength = 200;
const tags = ["public record"];
/** How far back the daily batches of releases are shown; the log has them all. */
const daysShown = 400;
const day = 24 * 60 * 60_000;
/** What an agency is named for. */
const named = ["probation", "suspended", "revoked", "compromised"];
/** What a report lists line by line. Charters and footage are the households' own, and only proven there. */
const reported = ["agency", "request", "releases", "emergency", "legal", "preservation", "operator"] as const;

/** Counts of what is public, agencies that are named, and the report out of the log. */
export function addStatistics(app: App, services: StatisticsServices): void {
  const counted = madeAnew(services.clock, () => count(services));
  app.get(
    "/public/v1/statistics",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "getStatistics",
        summary:
          "Requests per agency, category and month, exact, for each is public; what became of releases in buckets only",
        tags,
        response: { 200: contract.statistics },
      },
    },
    async () => counted(),
  );
  app.get(
    "/public/v1/overdue",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "listOverdue",
        summary: "Agencies that owe a disposal, and those on probation, suspended, revoked or compromised",
        tags,
        response: { 200: contract.overdue },
      },
    },
    async () => overdueOf(services),
  );
  app.get(
    "/public/v1/report",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "getTransparencyReport",
        summary:
          "A year's entries of the public log, a JSON document a line, each with its index; totals last",
        tags,
        produces: ["application/x-ndjson"],
        querystring: contract.reportQuery,
      },
    },
    async ({ query: { year } }, reply) =>
      reply.type("application/x-ndjson").send(Readable.from(reportLines(services.log, year))),
  );
}

async function count({ agencies, requests, log, clock, pressures }: StatisticsServices) {
  const counts = new Map<string, { agency: string; category: string; month: string; requests: number }>();
  const all = pagesOf((before) => requests.list({ kinds: shownStates, before, limit: pageLength }));
  for await (const { state } of all) {
    const { agency, request } = state;
    const month = timeTextOf(request.submitted).slice(0, 7);
    const key = `${agency} ${request.category} ${month}`;
    const before = counts.get(key) ?? { agency, category: request.category, month, requests: 0 };
    counts.set(key, { ...before, requests: before.requests + 1 });
  }
  const nameOf = namesOf(agencies);
  const rows = await Promise.all(
    [...counts.values()].map(async (row) => ({ ...row, name: await nameOf(row.agency) })),
  );
  const releases = await batchesSince(log, clock.wall() - daysShown * day);
  return { requests: rows, releases, pressure: await pressures.upheld() };
}

/** How many acts of releases each batch holds, as the log has it: a bucket. */
async function batchesSince(log: LogReader, since: number) {
  const shown = [];
  for await (const { index, at, agency, state } of entriesOf(log, "releases")) {
    if (at < since) break;
    if (agency === "none") shown.push({ day: timeTextOf(at).slice(0, 10), acts: state, index });
  }
  return shown;
}

async function overdueOf({ agencies, releaseBook }: StatisticsServices) {
  const owing = new Map<string, string>();
  const overdue = pagesOf((before) => releaseBook.list({ kinds: ["overdue"], before, limit: pageLength }));
  for await (const { state, changed } of overdue) {
    const before = owing.get(state.agency);
    const since = timeTextOf(changed);
    owing.set(state.agency, before !== undefined && before < since ? before : since);
  }
  const nameOf = namesOf(agencies);
  const states = [];
  const stated = pagesOf((before) => agencies.list({ kinds: named, before, limit: pageLength }));
  for await (const { id, state } of stated) {
    // What one operator proposes since then is nothing public.
    const { at } = await stepTo(agencies, id, state.kind);
    states.push({
      ...{ agency: id, name: agreementOf(state).name, state: state.kind, since: timeTextOf(at) },
      ...(state.why !== undefined && { why: state.why }),
    });
  }
  const debts = [...owing].map(async ([agency, since]) => ({ agency, name: await nameOf(agency), since }));
  return { overdue: await Promise.all(debts), named: states };
}

/** Out of the log alone, whatever else the cloud keeps. */
async function* reportLines(log: LogReader, year: number): AsyncGenerator<string> {
  const [from, to] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  const totals: Record<string, number> = {};
  for (const kind of reported)
    for await (const { index, id, at, agency, state } of entriesOf(log, kind)) {
      if (at < from || at >= to) continue;
      const total = `${kind} ${state}`;
      totals[total] = (totals[total] ?? 0) + 1;
      yield `${JSON.stringify({ index, kind, id, agency, state, at: timeTextOf(at) })}\n`;
    }
  yield `${JSON.stringify({ year, totals })}\n`;
}

/** All published entries of a kind, newest first, a page at a time. */
async function* entriesOf(log: LogReader, kind: (typeof reported)[number]) {
  for (let before: number | undefined; ; ) {
    const page = await log.list({ kind, before, limit: pageLength });
    const shown = page.slice(0, pageLength);
    yield* shown;
    before = shown.at(-1)?.index;
    if (page.length <= pageLength || before === undefined) return;
  }
}
