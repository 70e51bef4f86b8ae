import type { Clock } from "../../../shared/kernel/ports.js";
import { openAgreementChain } from "../../../shared/release/agreement.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { agreementOf } from "../../agency/agency.js";
import type { Kept } from "../../docket/docket.io.js";
import type { RequestRecord } from "../../request/request.js";
import type { App } from "../app.js";
import { perMinute } from "../plugins/ratelimit.js";
import { timeTextOf } from "../time.js";
import type { RecordServices } from "./record.js";

export interface FeedServices extends RecordServices {
  /** The cloud's own addresses; the first is what feeds call it. */
  readonly audiences: () => readonly string[];
}

/** Requests in a feed; the rest is in the record. */
const itemsMax = 100;
const madeAnewMillis = 60_000;
const callsPerMinute = 600;
const tags = ["public record"];
const everPublished = ["published", "resolved", "withdrawn", "closed", "frozen"];

interface Item {
  readonly id: string;
  readonly url: string;
  readonly title: string;
  readonly text: string;
  readonly agency: string;
  readonly published: string;
  readonly updated: string;
}

/** Published requests for feed readers (JSON Feed 1.1, RFC 4287), newest first: the fixed template in both languages, nothing else. */
export function addFeeds(app: App, services: FeedServices): void {
  const items = madeAnew(services.clock, () => itemsOf(services));
  const origin = (): string => services.audiences()[0] ?? "";
  for (const [path, operationId, type, write] of [
    ["feed.json", "getJsonFeed", "application/feed+json", jsonFeed],
    ["feed.atom", "getAtomFeed", "application/atom+xml", atomFeed],
  ] as const)
    app.get(
      `/public/v1/${path}`,
      {
        config: perMinute(callsPerMinute),
        schema: { operationId, summary: "Published requests for feed readers", tags, produces: [type] },
      },
      async (_request, reply) =>
        reply
          .header("cache-control", "public, max-age=300")
          .type(`${type}; charset=utf-8`)
          .send(write(origin(), await items())),
    );
}

/** What costs much is made once and kept for a minute; a failure is not kept. */
export function madeAnew<T>(clock: Clock, make: () => Promise<T>, millis = madeAnewMillis): () => Promise<T> {
  let made: { readonly at: number; readonly what: Promise<T> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (made !== undefined && now - made.at < millis) return made.what;
    const fresh = { at: now, what: make() };
    made = fresh;
    fresh.what.catch(() => {
      if (made === fresh) made = undefined;
    });
    return fresh.what;
  };
}

async function itemsOf({ agencies, requests, audiences }: FeedServices): Promise<readonly Item[]> {
  const kept = await requests.list({ kinds: everPublished, limit: itemsMax });
  const origin = audiences()[0] ?? "";
  return Promise.all(
    kept.map(async (one) => {
      const agency = await agencies.find(one.state.agency);
      if (agency === undefined) throw new Error("A request's agency is missing. Restore a backup.");
      const chain = openAgreementChain(agency.state.agreements);
      const { agreement } = one.state.request;
      const then = chain.ok ? chain.value.find(({ hash }) => hash === agreement) : undefined;
      return itemOf(one, then ?? agreementOf(agency.state), origin);
    }),
  );
}

function itemOf(
  { id, state, changed }: Kept<RequestRecord>,
  agreement: Parameters<typeof noticeOf>[1],
  origin: string,
): Item {
  const { request, kind, publishedAt } = state;
  const notice = (language: "en" | "fr"): string => noticeOf(request, agreement, language);
  const ended = kind === "published" ? "" : ` (${kind})`;
  return {
    ...{ id, url: `${origin}/record#${id}`, agency: agreement.name },
    title: `${agreement.name}: ${request.category}, ${request.file}${ended}`,
    text: `${notice("en")}\n\n${notice("fr")}`,
    published: timeTextOf(publishedAt ?? changed),
    updated: timeTextOf(changed),
  };
}

const title = "Lintel: requests for recordings";

function jsonFeed(origin: string, items: readonly Item[]): string {
  return JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    ...{ title, home_page_url: `${origin}/record`, feed_url: `${origin}/public/v1/feed.json` },
    items: items.map(({ id, url, title: name, text, agency, published, updated }) => ({
      ...{ id: `urn:uuid:${id}`, url, title: name, content_text: text, authors: [{ name: agency }] },
      ...{ date_published: published, date_modified: updated },
    })),
  });
}

function atomFeed(origin: string, items: readonly Item[]): string {
  const updated = items.reduce((latest, item) => (item.updated > latest ? item.updated : latest), "");
  const entries = items.map(
    ({ id, url, title: name, text, agency, published, updated: changed }) =>
      `<entry><id>urn:uuid:${id}</id><title>${xml(name)}</title><link href="${xml(url)}"/>` +
      `<author><name>${xml(agency)}</name></author><published>${published}</published>` +
      `<updated>${changed}</updated><content type="text">${xml(text)}</content></entry>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>${title}</title><id>${xml(origin)}/public/v1/feed.atom</id>
<link rel="self" href="${xml(origin)}/public/v1/feed.atom"/><link href="${xml(origin)}/record"/>
<updated>${updated === "" ? "1970-01-01T00:00:00Z" : updated}</updated>
${entries.join("\n")}
</feed>
`;
}

/** What no XML may hold, however it is escaped (XML 1.0, 2.2). */
const notXml = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function xml(text: string): string {
  return text
    .replaceAll(notXml, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
