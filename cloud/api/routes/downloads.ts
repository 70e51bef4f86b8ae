import { Readable } from "node:stream";
import { formatArea, squareMetres } from "../../../shared/release/area.js";
import { agreementOf, isUnvetted } from "../../agency/agency.js";
import type { Kept } from "../../docket/docket.io.js";
import type { AgencyBook } from "../../release/deciding.io.js";
import type { RequestRecord } from "../../request/request.js";
import type { App } from "../app.js";
import { perMinute } from "../plugins/ratelimit.js";
import { timeTextOf } from "../time.js";
import { publicSteps, type RecordServices, shownAgency, shownRequest, shownStates } from "./record.js";

/** Each reads the whole record once. */
const callsPerMinute = 60;
const pageLength = 200;
const tags = ["public record"];
const lines = "application/x-ndjson";
const csv = "text/csv; charset=utf-8";

/** The whole public record as files, written page by page: however long it is, a page of it is in memory. */
export function addDownloads(app: App, { agencies, requests }: RecordServices): void {
  const download = (
    path: string,
    id: string,
    summary: string,
    type: string,
    write: () => AsyncGenerator<string>,
  ) =>
    app.get(
      `/public/v1/${path}`,
      { config: perMinute(callsPerMinute), schema: { operationId: id, summary, tags, produces: [type] } },
      async (_request, reply) => reply.type(type).send(Readable.from(write())),
    );
  download(
    "requests.jsonl",
    "downloadRequests",
    "Every request with its full history, a JSON document a line, newest first",
    lines,
    async function* () {
      for await (const kept of pagesOf((before) =>
        requests.list({ kinds: shownStates, before, limit: pageLength }),
      ))
        yield `${JSON.stringify({ ...shownRequest(kept), steps: publicSteps(await requests.steps(kept.id)) })}\n`;
    },
  );
  download(
    "requests.csv",
    "downloadRequestsTable",
    "The same as a table (RFC 4180), with each request's fields in columns",
    csv,
    async function* () {
      yield rowOf(columns);
      const nameOf = namesOf(agencies);
      for await (const kept of pagesOf((before) =>
        requests.list({ kinds: shownStates, before, limit: pageLength }),
      ))
        yield requestRow(kept, await nameOf(kept.state.agency), publicSteps(await requests.steps(kept.id)));
    },
  );
  download(
    "agencies.jsonl",
    "downloadAgencies",
    "Every agency that was ever vetted, with its agreements and full history, a JSON document a line",
    lines,
    async function* () {
      for await (const kept of pagesOf((before) => agencies.list({ before, limit: pageLength })))
        if (!isUnvetted(kept.state))
          yield `${JSON.stringify({ ...shownAgency(kept), steps: publicSteps(await agencies.steps(kept.id)) })}\n`;
    },
  );
}

/** All of a list by falling id, a page at a time. */
export async function* pagesOf<T extends { readonly id: string }>(
  page: (before: string | undefined) => Promise<readonly T[]>,
): AsyncGenerator<T> {
  for (let before: string | undefined; ; ) {
    const kept = await page(before);
    yield* kept;
    before = kept.at(-1)?.id;
    if (before === undefined || kept.length < pageLength) return;
  }
}

/** An agency's name by its id; each is looked up once. */
export function namesOf(agencies: Pick<AgencyBook, "find">): (id: string) => Promise<string> {
  const known = new Map<string, string>();
  return async (id) => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const kept = await agencies.find(id);
    const name = kept === undefined ? id : agreementOf(kept.state).name;
    known.set(id, name);
    return name;
  };
}

const columns = [
  ...["id", "agency", "agency_name", "state", "category", "statute", "file", "happened", "from", "to"],
  ...["area", "hectares", "submitted", "published", "until", "rejection", "errata", "steps"],
];

function requestRow(
  { id, state }: Kept<RequestRecord>,
  name: string,
  steps: ReturnType<typeof publicSteps>,
): string {
  const { request, agency, kind, publishedAt, until, rejection, errata } = state;
  const { category, statute, file, happened, from, to, area, submitted } = request;
  const time = (at: number | undefined): string => (at === undefined ? "" : timeTextOf(at));
  return rowOf([
    ...[id, agency, words(name), kind, category, statute, file, time(happened), time(from), time(to)],
    ...[formatArea(area), (squareMetres(area) / 10_000).toFixed(1), time(submitted), time(publishedAt)],
    ...[time(until), rejection ?? "", errata.join(" ")],
    steps.map(({ kind: step, at, index }) => `${step}@${at}#${index}`).join(" "),
  ]);
}

/** Every cell in quotes. */
function rowOf(cells: readonly string[]): string {
  return `${cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(",")}\r\n`;
}

/** Somebody's own words, which no spreadsheet takes for a formula. */
const words = (text: string): string => text.replace(/^(?=[-=+@\t\r])/, "'");
