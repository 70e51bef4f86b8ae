import type { Millis } from "../../shared/kernel/brand.js";
import {
  type AgencyId,
  type CourseId,
  type HouseholdId,
  type MemberId,
  type OfficerId,
  timeOf,
} from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { type Bucket, bucketOf } from "../../shared/release/floor.js";
import type { OpenedPressure } from "../../shared/release/pressure.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import type { Book, Docket, DocketQuery, Kept } from "../docket/docket.io.js";
import { turns } from "../docket/turns.js";
import type { Directory } from "../office/people.js";
import {
  type PressureEvent,
  type PressureReport,
  type PressureStepRefusal,
  pressureMachine,
  type Reporter,
} from "./pressure.js";

const hour = 60 * 60_000;
const day = 24 * hour;
/** A member's clock and the cloud's may differ so much. */
const clockMillis = hour;
/** Of one household, that the board has not answered. */
const openReportsMax = 4;
/** Courses of one list. */
const pageMax = 200;
/** How far back upheld reports are counted in public; the board takes none of what happened before. */
const countedMillis = 400 * day;

export type KeptPressure = Kept<PressureReport>;

export interface PressureFileRefusal {
  readonly kind:
    | "signed-at-another-time"
    | "too-long-ago"
    | "agency-unknown"
    | "reported-already"
    | "too-many-reports"
    | "not-sealed";
}

/** Members' reports to the review board, and what it finds. */
export interface Pressures {
  /** The same note again is the same report. Its signature was verified. */
  report(
    opened: OpenedPressure,
    sent: Omit<Reporter, "member">,
  ): Promise<Result<KeptPressure, PressureFileRefusal | PressureStepRefusal>>;
  find(id: CourseId): Promise<KeptPressure | undefined>;
  /** Newest first. */
  list(query: DocketQuery): Promise<readonly KeptPressure[]>;
  /** Of these what an operator may look at: nobody reads what is said of an agency that names them. */
  readable(reports: readonly KeptPressure[], by: OfficerId): Promise<readonly KeptPressure[]>;
  /** What this member reported, newest first. */
  own(household: HouseholdId, member: MemberId): Promise<readonly KeptPressure[]>;
  /** One operator's word: whether it is upheld. Asked for once no other can come in between. `undefined` where there is no such report. */
  judge(
    id: CourseId,
    by: OfficerId,
    word: (report: PressureReport) => boolean,
  ): Promise<Result<KeptPressure, PressureStepRefusal> | undefined>;
  /** How many upheld reports have had their effect, as it is published: changes at all agencies' times only. */
  upheld(): Promise<Bucket>;
  /** A household leaves: what was upheld for it stays, without saying whose it was. */
  end(household: HouseholdId): Promise<void>;
}

interface PressureServices {
  readonly docket: Docket;
  readonly clock: Clock;
  readonly directory: Pick<Directory, "agency">;
  /** The fault of an agency, once in a round however many reports say it; again does no harm. */
  readonly onPressure: (agency: AgencyId, round: Millis) => Promise<void>;
}

type PressureBook = Book<PressureReport, PressureEvent, PressureStepRefusal>;

export function createPressures({ docket, clock, directory, onPressure }: PressureServices): Pressures {
  // What is counted as open must still be all that is open when one more is taken.
  const ofHouse = turns<HouseholdId>();
  const book: PressureBook = docket.open(pressureMachine, {
    async settle({ state: { kind, agency, round } }) {
      if (kind === "acted-on" && round !== undefined) await onPressure(agency, round);
    },
  });
  const peopleOf = async (agency: AgencyId): Promise<readonly OfficerId[]> =>
    ((await directory.agency(agency))?.agreement.officers ?? []).map(({ id }) => id);
  return {
    find: (id) => book.find(id),
    list: (query) => book.list(query),
    async readable(reports, by) {
      const own = new Set<AgencyId>();
      for (const agency of new Set(reports.map(({ state }) => state.agency)))
        if ((await peopleOf(agency)).includes(by)) own.add(agency);
      return reports.filter(({ state }) => !own.has(state.agency));
    },
    report: (opened, sent) =>
      ofHouse(opened.household, () => report({ clock, directory }, book, opened, sent)),
    async judge(id, by, word) {
      const known = await book.find(id);
      if (known === undefined) return undefined;
      const agencysPeople = await peopleOf(known.state.agency);
      const coming = async (): Promise<PressureEvent> => {
        const { state } = (await book.find(id)) ?? known;
        return { kind: "find", by, upheld: word(state), agencysPeople };
      };
      return book.advance(id, coming, by);
    },
    async upheld() {
      const since = clock.wall() - countedMillis;
      const all = await everyOf(book, { kinds: ["acted-on"] });
      return bucketOf(all.filter(({ state }) => (state.round ?? 0) >= since).length);
    },
    async own(household, member) {
      return (await everyOf(book, { household })).filter(({ state }) => state.from?.member === member);
    },
    async end(household) {
      const left = () => book.list({ household, kinds: ["upheld", "acted-on"], limit: pageMax });
      for (let page = await left(); page.length > 0; page = await left())
        for (const { id } of page) await book.advance(id, { kind: "forget" }, "clock");
    },
  };
}

async function report(
  { clock, directory }: Pick<PressureServices, "clock" | "directory">,
  book: PressureBook,
  opened: OpenedPressure,
  { note, file }: Omit<Reporter, "member">,
): Promise<Result<KeptPressure, PressureFileRefusal | PressureStepRefusal>> {
  const { household, member, report: id, agency, kind: what, at, about } = opened;
  const before = await book.list({ household, limit: pageMax });
  const again = before.find((one) => one.id === id);
  if (again !== undefined && isSame(again, opened)) return ok(again);
  const now = clock.wall();
  const late = [opened.signed, timeOf(id)].some((time) => Math.abs(time - now) > clockMillis);
  if (late) return refuse({ kind: "signed-at-another-time" });
  if (at < now - countedMillis) return refuse({ kind: "too-long-ago" });
  if ((await directory.agency(agency)) === undefined) return refuse({ kind: "agency-unknown" });
  if (before.some(({ state }) => tellsOf(state, opened))) return refuse({ kind: "reported-already" });
  const waiting = before.filter(({ state }) => state.kind === "received");
  if (waiting.length >= openReportsMax) return refuse({ kind: "too-many-reports" });
  const from = { member, note, file };
  // Whose it is stands in the state, which the household's farewell clears; a step's hand is for ever.
  return book.advance(id, { kind: "report", household, agency, what, at, about, from }, "member");
}

async function everyOf(
  book: Pick<PressureBook, "list">,
  query: DocketQuery,
): Promise<readonly KeptPressure[]> {
  const all: KeptPressure[] = [];
  for (let before: string | undefined; ; ) {
    const page = await book.list({ ...query, before, limit: pageMax });
    all.push(...page);
    before = page.at(-1)?.id;
    if (page.length < pageMax || before === undefined) return all;
  }
}

function isSame({ state: { from } }: KeptPressure, { hash }: OpenedPressure): boolean {
  return from !== undefined && hashOfText(textOf(from.note)) === hash;
}

/** The household has told the board of this before, be it another member: the same agency and thing, within a day. */
function tellsOf(state: PressureReport, { agency, kind, at, about }: OpenedPressure): boolean {
  const sameThing = state.agency === agency && state.what === kind && state.about === about;
  return sameThing && Math.abs(state.at - at) < day;
}
