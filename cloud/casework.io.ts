import { join } from "node:path";
import type { Kysely } from "kysely";
import type { AgencyId, HouseholdId, ReleaseId } from "../shared/kernel/ids.js";
import type { Clock, Random } from "../shared/kernel/ports.js";
import type { OpenedAgreement } from "../shared/release/agreement.js";
import type { Policy } from "../shared/release/floor.js";
import {
  type AgencyRecord,
  agencyMachine,
  agreementOf,
  type FaultEvent,
  mayAsk,
  speakersOf,
} from "./agency/agency.js";
import type { Database } from "./database.io.js";
import { createDocket, type Docket, type EntryLog } from "./docket/docket.io.js";
import { createFootage } from "./footage/footage.io.js";
import type { CharterReader, CharterWriter } from "./household/charters.io.js";
import { createOwnersWords } from "./household/ownerswords.io.js";
import { createSealedStates } from "./household/sealedstate.io.js";
import { type Emergency, unfinishedEmergencies } from "./legal/emergency.js";
import type { AgencyOf } from "./office/people.js";
import { createAnswering } from "./release/answering.io.js";
import { createBatches } from "./release/batches.io.js";
import { type AgencyBook, know, type RequestBook } from "./release/deciding.io.js";
import { openEscrow } from "./release/escrow.io.js";
import {
  freeze,
  freezeAll,
  freezeOutdated,
  inEscrow,
  settleRequest,
  untilNone,
} from "./release/freezing.io.js";
import { type ReleaseRecord, releaseMachine } from "./release/release.js";
import { createReleases, type ReleaseBook, Sending, settleRelease } from "./release/releases.io.js";
import { requestMachine } from "./request/request.js";
import type { VaultReader } from "./vault/vault.io.js";

/** Courses that one consequence may touch at a time. */
const pageMax = 200;

export interface CaseworkServices {
  readonly db: Kysely<Database>;
  /** The cloud's data directory. */
  readonly data: string;
  readonly log: EntryLog;
  readonly charters: CharterReader & Pick<CharterWriter, "onChange">;
  readonly vault: Pick<VaultReader, "clip">;
  /** What could not be carried out at once. */
  readonly onFault: (error: unknown) => void;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
}

/** Agencies, their requests and the releases to them, with what follows from one for the others; and the footage that a release may be of. */
export function openCasework(services: CaseworkServices) {
  const { db, data, log, charters, vault, policy, clock, random, onFault } = services;
  const docket = createDocket(db, { log, clock });
  const escrow = openEscrow(join(data, "escrow"));
  const batches = createBatches(db, { log, clock, random });
  const sending = new Sending();
  const releaseBook: ReleaseBook = docket.open(releaseMachine(policy), {
    async settle(kept) {
      // What cannot be destroyed now is withdrawn all the same: its emergency hears of it before the fixed time.
      await settleRelease(settling, kept).finally(() => answering.tell(kept.state));
      const { kind, agency } = kept.state;
      if (kind === "overdue")
        await agencies.advance(agency, { kind: "fault", why: "overdue-disposal" }, "clock");
    },
  });
  const requests: RequestBook = docket.open(requestMachine(policy), {
    settle: (kept) => settleRequest({ agencies, requests, releases: releaseBook }, kept),
    together: true,
  });
  const agencies: AgencyBook = docket.open(agencyMachine(policy), {
    settle: freezeAll(requests, releaseBook),
  });
  const answering = createAnswering({ requests, clock });
  const { asked, mayBeKnown } = answering;
  const settling = { book: releaseBook, batches, escrow, sending, mayBeKnown };
  const kept = openSealed(db);
  const knowing = { agencies, asked, charters, vault, ...kept, policy, clock };
  const releases = createReleases({
    ...{ ...settling, charters },
    know: (household, note) => know(knowing, household, note),
    async mayFetch(release) {
      const [asker, ask] = [await agencies.find(release.agency), await asked(release.request)];
      if (asker === undefined || ask === undefined || ask.state === "frozen") return false;
      return mayAsk(asker.state) && (await mayBeKnown(release));
    },
  });
  const speakers: SpeakersOf = (agency) => speakersOf(agency, policy, clock.wall());
  // What was signed under other rules is void: a camera may have moved away, an owner joined. The next tick finds what is missed.
  charters.onChange(({ household }) => {
    void freeze(releaseBook, { household }, "charter-has-changed").catch(onFault);
  });
  return {
    ...{ ...kept, footage: createFootage(db, { log, clock, random }) },
    ...{ docket, batches, agencies, requests, releaseBook, releases, speakersOf: speakers },
    agencyOf: knownIn(agencies, speakers),
    noteFault: (agency: AgencyId, fault: FaultEvent) => noteFault(agencies, agency, fault),
    answerEmergencies: answering.join,
    onAnswered: (emergency: Emergency) => handOver(settling, emergency, makeAvailable),
    /** Deadlines, consequences that were cut off, the day's batch, and what it makes available. */
    async tick(): Promise<void> {
      await docket.tick();
      await freezeOutdated(releaseBook, charters);
      await batches.publishDaily();
      await makeAvailable();
    },
    makeAvailable,
    isUnderWay: () => isUnderWay(docket),
    /** A household leaves. */
    async end(household: HouseholdId): Promise<void> {
      await untilNone(
        () => releaseBook.list({ household, kinds: withdrawable, limit: pageMax }),
        ({ id }) =>
          sending.without(id as ReleaseId, () => releaseBook.advance(id, { kind: "withdraw" }, "clock")),
      );
    },
  };

  async function makeAvailable(): Promise<void> {
    for (const { id, state } of await releaseBook.list({ kinds: ["escrowed"], limit: pageMax }))
      if ((await batches.evidence(state.record, "escrowed")) !== undefined)
        await releaseBook.advance(id, { kind: "batched" }, "clock");
  }
}

/** What households' own clients keep here, sealed. */
function openSealed(db: Kysely<Database>) {
  return {
    ownersWords: createOwnersWords(db),
    sealedStates: createSealedStates(db, "sealed_state"),
    contactsStates: createSealedStates(db, "contacts_state"),
  };
}

/** An emergency's fixed time has come: what lies ready goes to the agency, and what does not is destroyed. */
async function handOver(
  settling: Parameters<typeof settleRelease>[0],
  { household, claim, releases }: Emergency,
  makeAvailable: () => Promise<void>,
): Promise<void> {
  const { book, batches } = settling;
  const kept = await book.list({ household, kinds: inEscrow, limit: pageMax });
  for (const one of kept.filter(({ state }) => state.request === claim.id)) {
    if (releases.includes(one.state.record)) await settleRelease(settling, one);
    else await book.advance(one.id, { kind: "freeze", why: "too-late" }, "clock");
  }
  if (releases.length === 0) return;
  await batches.publish();
  await makeAvailable();
}

/** Whether anything is to be withdrawn, received, disposed of, answered or confirmed yet. */
async function isUnderWay(docket: Docket): Promise<boolean> {
  return (await docket.has("releases", unfinished)) || docket.has("emergency", unfinishedEmergencies);
}

/** The version of an agency's agreement whose people are the two who must sign now. */
type SpeakersOf = (agency: AgencyRecord) => OpenedAgreement;

async function noteFault(agencies: AgencyBook, agency: AgencyId, fault: FaultEvent): Promise<void> {
  if ((await agencies.find(agency)) !== undefined) await agencies.advance(agency, fault, "clock");
}

function knownIn(agencies: AgencyBook, speakersOf: SpeakersOf): AgencyOf {
  return async (agency: AgencyId) => {
    const state = (await agencies.find(agency))?.state;
    if (state === undefined || !isKnown(state)) return undefined;
    return { state: state.kind, agreement: agreementOf(state), speakers: speakersOf(state) };
  };
}

/** Whose people may sign in: an agency that was vetted once, if only to say what became of what it has. */
const isKnown = ({ kind, agreements }: AgencyRecord): boolean =>
  kind !== "compromised" && kind !== "rejected" && (kind !== "applied" || agreements.length > 1);

const withdrawable: readonly ReleaseRecord["kind"][] = [...inEscrow, "retrieved", "custody"];
const unfinished: readonly ReleaseRecord["kind"][] = [...withdrawable, "disposal-asked", "overdue"];
