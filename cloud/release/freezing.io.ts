import { parseAuthorisation } from "../../shared/release/authorisation.js";
import { textOf } from "../../shared/seal/note.js";
import { type AgencyRecord, mayAsk } from "../agency/agency.js";
import type { Kept, Settle } from "../docket/docket.io.js";
import type { CharterReader } from "../household/charters.io.js";
import type { RequestRecord } from "../request/request.js";
import type { AgencyBook, RequestBook } from "./deciding.io.js";
import type { ReleaseRecord } from "./release.js";
import type { KeptRelease, ReleaseBook } from "./releases.io.js";

/** Courses that one consequence touches at a time. */
const pageMax = 200;

/** Nothing of it has been fetched. */
export const inEscrow: readonly ReleaseRecord["kind"][] = ["preparing", "in-review", "escrowed", "available"];

/** Whoever may not ask any more has no open request, and gets nothing that lies ready. */
export function freezeAll(requests: RequestBook, releases: ReleaseBook): Settle<AgencyRecord> {
  return async ({ state }) => {
    if (mayAsk(state)) return;
    const { agency } = state;
    await untilNone(
      () => requests.list({ agency, kinds: ["review", "published"], limit: pageMax }),
      ({ id }) => requests.advance(id, { kind: "freeze" }, "clock"),
    );
    await freeze(releases, { agency }, "agency-may-not");
  };
}

/** Carries out a consequence on all of a list that it takes things from, page after page. */
export async function untilNone<T>(
  list: () => Promise<readonly T[]>,
  carryOut: (one: T) => Promise<unknown>,
): Promise<void> {
  for (let page = await list(); page.length > 0; page = await list())
    for (const one of page) await carryOut(one);
}

/** What a request's own step means for it and for its releases. */
export async function settleRequest(
  books: { readonly agencies: AgencyBook; readonly requests: RequestBook; readonly releases: ReleaseBook },
  { id, state: { kind, agency } }: Kept<RequestRecord>,
): Promise<void> {
  const asker = await books.agencies.find(agency);
  const isStopped = asker !== undefined && !mayAsk(asker.state);
  // It was taken while its agency was stopped, and is not among what was frozen then.
  if (isStopped && (kind === "review" || kind === "published"))
    await books.requests.advance(id, { kind: "freeze" }, "clock");
  // Requests are frozen with their agency, and with nothing else.
  if (kind === "frozen") await freeze(books.releases, { agency }, "agency-may-not");
}

/** What was signed under rules that the household has changed since. */
export async function freezeOutdated(releases: ReleaseBook, charters: CharterReader): Promise<void> {
  for (const { id, state } of await everyOne(releases)) {
    const now = await charters.current(state.household);
    const said = parseAuthorisation(textOf(state.authorisation));
    if (!said.ok || said.value.charter !== now?.hash)
      await releases.advance(id, { kind: "freeze", why: "charter-has-changed" }, "clock");
  }
}

/** All in escrow, page after page. */
async function everyOne(releases: ReleaseBook): Promise<readonly KeptRelease[]> {
  const all: KeptRelease[] = [];
  let page: readonly KeptRelease[];
  do {
    page = await releases.list({ kinds: inEscrow, before: all.at(-1)?.id, limit: pageMax });
    all.push(...page);
  } while (page.length === pageMax);
  return all;
}

/** Of whom it may be: nothing that lies ready for them, or of theirs, is given out. */
export function freeze(
  releases: ReleaseBook,
  of: { readonly agency: string } | { readonly household: string },
  why: "agency-may-not" | "charter-has-changed",
): Promise<void> {
  return untilNone(
    () => releases.list({ ...of, kinds: inEscrow, limit: pageMax }),
    ({ id }) => releases.advance(id, { kind: "freeze", why }, "clock"),
  );
}
