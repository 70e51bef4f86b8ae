import { toBase64 } from "../../shared/kernel/bytes.js";
import {
  type AgencyId,
  type HouseholdId,
  type OfficerId,
  type RequestId,
  timeOf,
} from "../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import {
  type EmergencyClaim,
  type OpenedClaim,
  openClaim,
  parseClaim,
} from "../../shared/release/emergency.js";
import type { OrderNoticeKind } from "../../shared/release/ordernotice.js";
import { faultInTwo, type RequestRefusal, signersOf } from "../../shared/release/request.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import type { Book, DocketQuery, Kept, StepTaken } from "../docket/docket.io.js";
import { turns } from "../docket/turns.js";
import { type KnownAgency, mayAsk, waitingMax } from "../office/people.js";
import {
  type Emergency,
  type EmergencyEvent,
  type EmergencyRefusal,
  emergencyMachine,
  isContactsTurn,
} from "./emergency.js";
import type { OrderServices } from "./preservations.io.js";

/** A claim and the clock of whoever signed it may differ so much. */
const clockMillis = 10 * 60_000;

export type KeptEmergency = Kept<Emergency>;

type Refusal =
  | EmergencyRefusal
  | RequestRefusal
  | {
      readonly kind:
        | "agency-not-active"
        | "too-many-waiting"
        | "signed-at-another-time"
        | "signed-by-newcomers";
    };

interface Word {
  readonly agency: AgencyId;
  readonly by: OfficerId;
  readonly note: string;
}

export interface Emergencies {
  /** The same note again is the same claim. `undefined` where the household has no such camera. */
  claim(word: Word): Promise<Result<KeptEmergency, Refusal> | undefined>;
  /** The same claim with the supervisor's signature under it, too. `undefined` where the agency has no such emergency. */
  cosign(
    id: RequestId,
    word: Word & { readonly role: "officer" | "supervisor" },
  ): Promise<Result<KeptEmergency, Refusal> | undefined>;
  find(id: RequestId): Promise<KeptEmergency | undefined>;
  steps(id: RequestId): Promise<readonly StepTaken[]>;
  /** Newest first. */
  list(query: DocketQuery): Promise<readonly KeptEmergency[]>;
  /** `undefined` where there is no such emergency. */
  callBack(
    id: RequestId,
    call: { readonly by: OfficerId; readonly called: string; readonly authentic: boolean },
  ): Promise<Result<KeptEmergency, Refusal> | undefined>;
  advance(
    id: RequestId,
    event: EmergencyEvent & { readonly kind: "agree" | "deny" | "file-paper" | "find" },
  ): Promise<Result<KeptEmergency, Refusal> | undefined>;
  /** Those in which the household's contacts may answer now, its owners having let their time pass. */
  contactsTurn(household: HouseholdId): Promise<readonly KeptEmergency[]>;
  /** A contact looks at what it is about: the owners are told of it, once. */
  noteLook(emergency: KeptEmergency): Promise<void>;
  /** A release that answers it lies ready, or is gone. Where it is over, or there is none, nothing happens. */
  hear(event: EmergencyEvent & { readonly kind: "ready" | "gone" }, id: RequestId): Promise<void>;
}

interface EmergencyServices extends OrderServices {
  /** Puts an agency on probation whose emergency no court confirmed; again does no harm. */
  readonly onUnconfirmed: (agency: AgencyId) => Promise<void>;
  /** Hands over what lies ready, and destroys what does not; again does no harm. */
  readonly onAnswered: (emergency: Emergency) => Promise<void>;
}

type EmergencyBook = Book<Emergency, EmergencyEvent, EmergencyRefusal>;

export function createEmergencies(services: EmergencyServices): Emergencies {
  const { docket, directory, clock } = services;
  // What is counted as waiting must still be all that waits when one more is taken.
  const ofAgency = turns<AgencyId>();
  const book: EmergencyBook = docket.open(emergencyMachine, {
    settle: (emergency) => settle(services, emergency),
  });
  return {
    find: (id) => book.find(id),
    steps: (id) => book.steps(id),
    list: (query) => book.list(query),
    claim: (word) => ofAgency(word.agency, () => claim(services, book, word)),
    async cosign(id, { agency: office, by, role, note }) {
      const emergency = await book.find(id);
      const agency = await directory.agency(office);
      if (agency === undefined || emergency?.state.agency !== office) return undefined;
      if (role !== "supervisor") return refuse({ kind: "supervisors-only" });
      const opened = openCosigned(note, agency);
      if (!opened.ok) return opened;
      if (opened.value.hash !== emergency.state.claim.hash) return undefined;
      return book.advance(id, { kind: "cosign", by, role, note }, by);
    },
    async callBack(id, { by, called, authentic }) {
      const emergency = await book.find(id);
      if (emergency === undefined) return undefined;
      if (!authentic) return book.advance(id, { kind: "deny", by }, by);
      const registered = (await directory.agency(emergency.state.agency))?.agreement.phone ?? "none";
      return book.advance(id, { kind: "call-back", by, called, registered }, by);
    },
    async advance(id, event) {
      const emergency = await book.find(id);
      if (emergency === undefined) return undefined;
      // With this word the household is asked: not for an agency that was stopped since it claimed.
      const agency = event.kind === "agree" ? await directory.agency(emergency.state.agency) : undefined;
      if (event.kind === "agree" && (agency === undefined || !mayAsk(agency)))
        return refuse({ kind: "agency-not-active" });
      return book.advance(id, event, event.by);
    },
    async contactsTurn(household) {
      const asked = await book.list({ household, kinds: ["asked"] });
      return asked.filter(({ state }) => isContactsTurn(state, clock.wall()));
    },
    noteLook: (emergency) => tell(services, emergency, "emergency-contacts"),
    async hear(event, id) {
      if ((await book.find(id)) !== undefined) await book.advance(id, event, event.release);
    },
  };
}

async function claim(
  { clock, random, directory, cameras }: EmergencyServices,
  book: EmergencyBook,
  { agency: office, by, note }: Word,
): Promise<Result<KeptEmergency, Refusal> | undefined> {
  const agency = await directory.agency(office);
  if (agency === undefined || !mayAsk(agency)) return refuse({ kind: "agency-not-active" });
  const opened = openOfficers(note, agency, by);
  if (!opened.ok) return opened;
  const facts = opened.value;
  const known = await book.find(facts.id);
  const hash = hashOfText(textOf(note));
  if (known !== undefined)
    return known.state.claim.hash === hash ? ok(known) : refuse({ kind: "not-its-turn" });
  const now = clock.wall();
  if (Math.abs(now - facts.submitted) > clockMillis || Math.abs(now - timeOf(facts.id)) > clockMillis)
    return refuse({ kind: "signed-at-another-time" });
  const kinds = ["claimed", "cosigned", "called-back"];
  const waiting = await book.list({ agency: office, kinds, limit: waitingMax });
  if (waiting.length >= waitingMax) return refuse({ kind: "too-many-waiting" });
  const camera = await cameras.known(facts.camera);
  if (camera === undefined || camera.household !== facts.household) return undefined;
  const signed = { by, note, claim: { ...facts, hash }, place: camera.place };
  return book.advance(facts.id, { ...signed, kind: "claim", salt: toBase64(random.bytes(32)) }, by);
}

/** A claim with its officer's signature; the supervisor's comes after. */
function openOfficers(
  note: string,
  { agreement }: KnownAgency,
  by: OfficerId,
): Result<EmergencyClaim, Refusal> {
  const facts = parseClaim(textOf(note));
  if (!facts.ok) return facts;
  if (facts.value.agreement !== agreement.hash || facts.value.agency !== agreement.agency)
    return refuse({ kind: "other-agreement" });
  const signers = signersOf(note, agreement);
  if (!signers.ok) return signers;
  return signers.value.some(({ id }) => id === by) ? facts : refuse({ kind: "no-known-signer" });
}

/** The same with both signatures: of people whom the public has seen in the agreement for long enough. */
function openCosigned(note: string, agency: KnownAgency): Result<OpenedClaim, Refusal> {
  if (!mayAsk(agency)) return refuse({ kind: "agency-not-active" });
  const opened = openClaim(note, agency.agreement);
  if (!opened.ok) return opened;
  const signers = signersOf(note, agency.speakers);
  const areTwo = signers.ok && faultInTwo(signers.value) === undefined;
  return areTwo ? opened : refuse({ kind: "signed-by-newcomers" });
}

/** Asks the household, tells it the end, and lets an unconfirmed claim have its consequence; again does no harm. */
async function settle(services: EmergencyServices, emergency: KeptEmergency): Promise<void> {
  const { onUnconfirmed, onAnswered } = services;
  const { state } = emergency;
  const { kind } = state;
  if (kind === "unconfirmed") await onUnconfirmed(state.agency);
  const isAnswered = kind === "released" || kind === "not-released";
  if (kind !== "asked" && !isAnswered) return;
  if (isAnswered) await onAnswered(state);
  await tell(services, emergency, isAnswered ? "emergency-over" : "emergency");
}

async function tell(
  { notices, directory }: EmergencyServices,
  { id, state }: KeptEmergency,
  kind: OrderNoticeKind,
): Promise<void> {
  const { household, claim, salt, until } = state;
  const agency = (await directory.agency(state.agency))?.agreement.name ?? state.agency;
  const { camera, from, to, file } = claim;
  const items = [{ data: "content", camera, from, to }] as const;
  const ends = kind === "emergency-over" ? {} : { until };
  await notices.tell({ household, about: id, agency, file, items, salt, kind, ...ends });
}
