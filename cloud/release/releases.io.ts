import type { OpenedCharter } from "../../shared/charter/charter.js";
import { type Member, memberVerifier } from "../../shared/charter/lines.js";
import { contactsOf, ownersOf } from "../../shared/charter/succession.js";
import type { HouseholdId, OfficerId, ReleaseId } from "../../shared/kernel/ids.js";
import { type Result, refuse } from "../../shared/kernel/result.js";
import type { Act } from "../../shared/release/act.js";
import type { Officer } from "../../shared/release/agreement.js";
import { openAuthorisation } from "../../shared/release/authorisation.js";
import { packagePieceBytesMax, packagePiecesMax } from "../../shared/release/limits.js";
import { type CustodyRefusal, openCustodyWord } from "../../shared/release/receipt.js";
import { parseWithdrawal } from "../../shared/release/withdrawal.js";
import type { FieldsRefusal } from "../../shared/seal/fields.js";
import { type NoteRefusal, openNote } from "../../shared/seal/note.js";
import type { Book, Kept } from "../docket/docket.io.js";
import { turns } from "../docket/turns.js";
import type { CharterReader } from "../household/charters.io.js";
import type { Answering } from "./answering.io.js";
import type { Batches } from "./batches.io.js";
import type { Known, MatterRefusal } from "./deciding.io.js";
import type { Escrow } from "./escrow.io.js";
import { holdsPackage, type ReleaseEvent, type ReleaseRecord, type ReleaseRefusal } from "./release.js";

/** Of one household, under way at a time: each may be 512 MiB. */
const releasesMax = 8;
/** Of one household, in escrow at a time: four packages as large as they come. They count in no room of the vault. */
const escrowBytesMax = 4 * packagePiecesMax * packagePieceBytesMax;

export type ReleaseBook = Book<ReleaseRecord, ReleaseEvent, ReleaseRefusal>;
export type KeptRelease = Kept<ReleaseRecord>;

type StepResult<More = never> = Promise<
  Result<KeptRelease, ReleaseRefusal | { readonly kind: "not-there" } | More>
>;

interface TooMuch {
  readonly kind: "too-many-releases" | "too-much-in-escrow";
}

/** What is done with releases. Each name is checked against whose it is; a stranger's is "not there". */
export interface Releases {
  prepare(household: HouseholdId, note: string, pieces: number): StepResult<MatterRefusal | TooMuch>;
  /** A piece of a package that is being prepared. */
  put(household: HouseholdId, id: ReleaseId, index: number, piece: Uint8Array): Promise<boolean>;
  /** The package is whole: decides once more, and keeps it for the agency. */
  escrow(
    household: HouseholdId,
    id: ReleaseId,
  ): StepResult<MatterRefusal | { readonly kind: "pieces-missing" }>;
  /** Ends it; when this resolves no further byte of it is sent. */
  withdraw(household: HouseholdId, id: ReleaseId, note: string): StepResult<NoteRefusal | FieldsRefusal>;
  review(id: ReleaseId, operator: OfficerId): StepResult<MatterRefusal>;
  /**
   * Hands a piece over. `send` gets it and what ends the sending at once; it is called in the same moment in which the release was
   * seen to be still there.
   */
  fetch(agency: string, wanted: Wanted, send: (piece: Uint8Array, cut: CutOff) => void): Promise<boolean>;
  hear(agency: string, id: ReleaseId, by: Heard): StepResult<CustodyRefusal>;
}

interface Wanted {
  readonly id: ReleaseId;
  readonly index: number;
  readonly officer: OfficerId;
}

interface Heard {
  readonly note: string;
  readonly officers: readonly Officer[];
  readonly officer: OfficerId;
}

/** Registers how a piece that is on its way is cut off; call the result once it has gone. */
export type CutOff = (cut: () => void) => () => void;

export interface ReleaseServices {
  readonly book: ReleaseBook;
  readonly escrow: Escrow;
  readonly batches: Batches;
  readonly charters: CharterReader;
  readonly sending: Sending;
  readonly know: (household: HouseholdId, note: string) => Promise<Result<Known, MatterRefusal>>;
  readonly mayBeKnown: Answering["mayBeKnown"];
  /** Its agency may still ask, and its request is not frozen. */
  readonly mayFetch: (release: ReleaseRecord) => Promise<boolean>;
}

export function createReleases(services: ReleaseServices): Releases {
  const { book, escrow, sending } = services;
  // What is hashed as the package must be what lies there afterwards: no piece comes in between.
  const inTurn = turns<ReleaseId>();
  // What is counted as room must still be there when it is taken.
  const ofHouse = turns<HouseholdId>();
  const own = async (household: HouseholdId, id: ReleaseId): Promise<ReleaseRecord | undefined> => {
    const state = (await book.find(id))?.state;
    return state?.household === household ? state : undefined;
  };
  return {
    prepare: (household, note, pieces) =>
      ofHouse(household, () => prepare(services, { household, note, pieces })),
    put: (household, id, index, piece) =>
      inTurn(id, async () => {
        const state = await own(household, id);
        if (state?.kind !== "preparing" || index >= state.pieces) return false;
        await escrow.put(id, index, piece);
        // It may have ended while the piece was written, and what was there been destroyed.
        const isWanted = (await own(household, id))?.kind === "preparing";
        if (!isWanted) await escrow.destroy(id);
        return isWanted;
      }),
    escrow: (household, id) =>
      inTurn(id, async () => {
        const state = await own(household, id);
        return state === undefined ? notThere : escrowed(services, id, state);
      }),
    async withdraw(household, id, note) {
      const state = await own(household, id);
      const checked = state && (await openWithdrawal(services, state, note));
      if (checked === undefined) return notThere;
      if (!checked.ok) return checked;
      return sending.without(id, () => book.advance(id, { kind: "withdraw" }, checked.value));
    },
    async review(id, operator) {
      const state = (await book.find(id))?.state;
      const known = state && (await services.know(state.household, state.authorisation));
      if (known === undefined) return notThere;
      if (!known.ok) return known;
      return book.advance(id, { kind: "review", operator, decide: known.value.decide }, operator);
    },
    fetch: (agency, wanted, send) => fetch(services, { agency, wanted, send }),
    async hear(agency, id, { note, officers, officer }) {
      const state = (await book.find(id))?.state;
      if (state?.agency !== agency) return notThere;
      const word = openCustodyWord(note, officers);
      if (!word.ok) return word;
      if (word.value.release !== id || word.value.agency !== agency) return notThere;
      return book.advance(id, { kind: "word", word: word.value, note }, officer);
    },
  };
}

const notThere = refuse({ kind: "not-there" } as const);

async function prepare(
  { book, know }: ReleaseServices,
  {
    household,
    note,
    pieces,
  }: { readonly household: HouseholdId; readonly note: string; readonly pieces: number },
): StepResult<MatterRefusal | TooMuch> {
  const known = await know(household, note);
  if (!known.ok) return known;
  const { authorisation, inEmergency, decide } = known.value;
  const { record, agency, request, hash, keep, hold, signers } = authorisation;
  if (authorisation.household !== household) return notThere;
  const tooMuch = await faultInRoom(book, household, pieces);
  if (tooMuch !== undefined) return refuse(tooMuch);
  const preparation = { household, agency, request, record, authorisation: note, hash, keep, pieces };
  const event = { ...preparation, decision: decide([]), urgent: hold === 0 && !inEmergency };
  // unreached: what opens was signed by somebody
  return book.advance(record, { kind: "prepare", preparation: event }, signers[0] ?? household);
}

async function faultInRoom(
  book: ReleaseBook,
  household: HouseholdId,
  pieces: number,
): Promise<TooMuch | undefined> {
  const kinds = ["preparing", "in-review", "escrowed", "available", "retrieved"];
  const kept = (await book.list({ household, kinds })).map(({ state }) => state);
  const underWay = kept.filter(({ kind }) => kind !== "retrieved");
  if (underWay.length >= releasesMax) return { kind: "too-many-releases" };
  const all = kept.reduce((sum, one) => sum + one.pieces, pieces);
  return all * packagePieceBytesMax > escrowBytesMax ? { kind: "too-much-in-escrow" } : undefined;
}

async function escrowed(
  { book, escrow, know }: ReleaseServices,
  id: ReleaseId,
  state: ReleaseRecord,
): StepResult<MatterRefusal | { readonly kind: "pieces-missing" }> {
  const known = await know(state.household, state.authorisation);
  if (!known.ok) return known;
  const hash = await escrow.hash(id, state.pieces);
  if (hash === undefined) return refuse({ kind: "pieces-missing" });
  const event = { kind: "escrow", package: hash, decision: known.value.decide([]) } as const;
  return book.advance(id, event, state.household);
}

/** Who signed it: an owner of the household, as of now, or one of the contacts whose release it is. */
async function openWithdrawal(
  { charters }: ReleaseServices,
  { household, record: id, authorisation }: ReleaseRecord,
  note: string,
): Promise<Result<string, NoteRefusal | FieldsRefusal> | undefined> {
  const charter = await charters.current(household);
  if (charter === undefined) return undefined;
  const people = [...ownersOf(charter), ...contactsUnder(authorisation, charter)];
  const opened = openNote(note, people.map(memberVerifier));
  if (!opened.ok) return opened;
  const withdrawal = parseWithdrawal(opened.value.text);
  if (!withdrawal.ok) return withdrawal;
  if (withdrawal.value.release !== id || withdrawal.value.household !== household) return undefined;
  // unreached: what opens was signed by somebody
  return { ok: true, value: opened.value.signers[0]?.name ?? "" };
}

function contactsUnder(authorisation: string, charter: OpenedCharter): readonly Member[] {
  const contacts = contactsOf(charter);
  const opened = openAuthorisation(authorisation, contacts);
  if (!opened.ok || opened.value.basis !== "contacts") return [];
  return contacts.filter(({ id }) => opened.value.signers.includes(id));
}

interface Fetch {
  readonly agency: string;
  readonly wanted: Wanted;
  readonly send: (piece: Uint8Array, cut: CutOff) => void;
}

async function fetch(
  { book, escrow, mayFetch, sending }: ReleaseServices,
  { agency, wanted: { id, index, officer }, send }: Fetch,
): Promise<boolean> {
  const state = (await book.find(id))?.state;
  if (state?.agency !== agency || index >= state.pieces || !isFetchable(state)) return false;
  if (!(await mayFetch(state))) return false;
  const fetched = await book.advance(id, { kind: "fetch" }, officer);
  const piece = fetched.ok ? await escrow.piece(id, index) : undefined;
  const now = (await book.find(id))?.state;
  // Between this look and the sending nothing else runs.
  if (piece === undefined || now === undefined || !isFetchable(now) || sending.isClosing(id)) return false;
  send(piece, (cut) => sending.begin(id, cut));
  return true;
}

const isFetchable = ({ kind }: ReleaseRecord): boolean => kind === "available" || kind === "retrieved";

/** Pieces that are on their way, so that a withdrawal can cut them off. */
export class Sending {
  private readonly cuts = new Map<ReleaseId, Set<() => void>>();
  private readonly closing = new Map<ReleaseId, number>();

  begin(id: ReleaseId, cut: () => void): () => void {
    const cuts = this.cuts.get(id) ?? new Set();
    this.cuts.set(id, cuts.add(cut));
    return () => {
      cuts.delete(cut);
      if (cuts.size === 0) this.cuts.delete(id);
    };
  }

  cut(id: ReleaseId): void {
    for (const cut of [...(this.cuts.get(id) ?? [])]) cut();
  }

  isClosing(id: ReleaseId): boolean {
    return this.closing.has(id);
  }

  /** Cuts off all that is on its way, and lets nothing begin before `run` has ended. */
  async without<T>(id: ReleaseId, run: () => Promise<T>): Promise<T> {
    this.closing.set(id, (this.closing.get(id) ?? 0) + 1);
    try {
      this.cut(id);
      return await run();
    } finally {
      // unreached: it was set before
      const left = (this.closing.get(id) ?? 1) - 1;
      if (left === 0) this.closing.delete(id);
      else this.closing.set(id, left);
    }
  }
}

/** Which acts the log is told of when a release comes to this. */
const actsOf: Readonly<Partial<Record<string, Act>>> = {
  escrowed: "escrowed",
  retrieved: "retrieved",
  destroyed: "destroyed",
  "disposal-asked": "disposal-asked",
  attested: "attested",
  retained: "retained",
  overdue: "overdue",
};

/** What follows from a release's steps: each act waits for its batch, and a package that nobody may have any more is gone. */
export async function settleRelease(
  {
    book,
    batches,
    escrow,
    sending,
    mayBeKnown,
  }: Pick<ReleaseServices, "book" | "batches" | "escrow" | "sending" | "mayBeKnown">,
  { state }: KeptRelease,
): Promise<void> {
  const { record: release, agency, request, hash: authorisation, package: sealed } = state;
  // From the first one on: what a full disk kept back is noted now, and what is noted already stays as it is.
  const steps = (await mayBeKnown(state)) ? await book.steps(release) : [];
  for (const { kind, at } of steps) {
    const act = actsOf[kind];
    if (act !== undefined && sealed !== undefined)
      await batches.note({ release, act, at, agency, request, authorisation, package: sealed });
  }
  // What nothing had to hold back does not wait for the day's batch; a log that is away is asked again.
  if (state.kind === "escrowed" && state.urgent) await batches.publish();
  if (holdsPackage(state)) return;
  // Whoever or whatever ended it: no piece goes on.
  sending.cut(release);
  await escrow.destroy(release);
}
