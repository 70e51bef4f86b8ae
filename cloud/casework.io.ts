import { join } from "node:path";
import type { Kysely } from "kysely";
import type { AgencyId, HouseholdId } from "../shared/kernel/ids.js";
import type { Clock, Random } from "../shared/kernel/ports.js";
import type { Policy } from "../shared/release/floor.js";
import { type AgencyRecord, agencyMachine, agreementOf } from "./agency/agency.js";
import type { Database } from "./database.io.js";
import { createDocket, type EntryLog, type Settle } from "./docket/docket.io.js";
import { createFootage } from "./footage/footage.io.js";
import type { CharterReader } from "./household/charters.io.js";
import { createSealedStates } from "./household/sealedstate.io.js";
import type { AgencyOf } from "./office/people.js";
import { createBatches } from "./release/batches.io.js";
import { type AgencyBook, know, type RequestBook } from "./release/deciding.io.js";
import { openEscrow } from "./release/escrow.io.js";
import { type ReleaseRecord, releaseMachine } from "./release/release.js";
import { createReleases, type ReleaseBook, settleRelease } from "./release/releases.io.js";
import { type RequestRecord, requestMachine } from "./request/request.js";

/** Courses that one consequence may touch at a time. */
const pageMax = 200;

export interface CaseworkServices {
  readonly db: Kysely<Database>;
  /** The cloud's data directory. */
  readonly data: string;
  readonly log: EntryLog;
  readonly charters: CharterReader;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
}

/** Agencies, their requests and the releases to them, with what follows from one for the others; and the footage that a release may be of. */
export function openCasework({ db, data, log, charters, policy, clock, random }: CaseworkServices) {
  const docket = createDocket(db, { log, clock });
  const escrow = openEscrow(join(data, "escrow"));
  const batches = createBatches(db, { log, clock, random });
  const releaseBook: ReleaseBook = docket.open(releaseMachine(policy), {
    settle: (kept) => settleRelease({ book: releaseBook, batches, escrow }, kept),
  });
  const requests: RequestBook = docket.open(requestMachine(policy), {
    settle: freezeReleases(releaseBook),
    together: true,
  });
  const agencies: AgencyBook = docket.open(agencyMachine(policy), {
    settle: freezeAll(requests, releaseBook),
  });
  const releases = createReleases({
    ...{ book: releaseBook, escrow, batches, charters },
    know: (household, note) => know({ agencies, requests, charters, policy, clock }, household, note),
    async mayFetch({ agency, request }) {
      const [asker, asked] = [await agencies.find(agency), await requests.find(request)];
      return (
        asker !== undefined && mayAsk(asker.state) && asked !== undefined && asked.state.kind !== "frozen"
      );
    },
  });
  const agencyOf: AgencyOf = async (agency: AgencyId) => {
    const state = (await agencies.find(agency))?.state;
    const known = state !== undefined && isKnown(state);
    return known ? { state: state.kind, agreement: agreementOf(state) } : undefined;
  };
  const onUnconfirmed = async (agency: AgencyId): Promise<void> => {
    if ((await agencies.find(agency)) === undefined) return;
    await agencies.advance(agency, { kind: "fault", why: "unconfirmed-emergency" }, "clock");
  };
  return {
    sealedStates: createSealedStates(db),
    footage: createFootage(db, { log, clock, random }),
    ...{ docket, batches, agencies, requests, releaseBook, releases, agencyOf, onUnconfirmed },
    /** Deadlines, consequences that were cut off, the day's batch, and what it makes available. */
    async tick(): Promise<void> {
      await docket.tick();
      await batches.publishDaily();
      await makeAvailable();
    },
    makeAvailable,
    /** A household leaves. */
    async end(household: HouseholdId): Promise<void> {
      for (const { id } of await releaseBook.list({ household, kinds: withdrawable, limit: pageMax }))
        await releaseBook.advance(id, { kind: "withdraw" }, "clock");
    },
  };

  async function makeAvailable(): Promise<void> {
    for (const { id, state } of await releaseBook.list({ kinds: ["escrowed"], limit: pageMax }))
      if ((await batches.evidence(state.record, "escrowed")) !== undefined)
        await releaseBook.advance(id, { kind: "batched" }, "clock");
  }
}

/** Whose people may sign in: an agency that was vetted once, if only to say what became of what it has. */
const isKnown = ({ kind, agreements }: AgencyRecord): boolean =>
  kind !== "compromised" && kind !== "rejected" && (kind !== "applied" || agreements.length > 1);
const mayAsk = ({ kind }: AgencyRecord): boolean => kind === "active" || kind === "probation";

/** Whoever may not ask any more has no open request, and gets nothing that lies ready. */
function freezeAll(requests: RequestBook, releases: ReleaseBook): Settle<AgencyRecord> {
  return async ({ state }) => {
    if (mayAsk(state)) return;
    const { agency } = state;
    for (const { id } of await requests.list({ agency, kinds: ["review", "published"], limit: pageMax }))
      await requests.advance(id, { kind: "freeze" }, "clock");
    await freeze(releases, await releases.list({ agency, kinds: inEscrow, limit: pageMax }));
  };
}

function freezeReleases(releases: ReleaseBook): Settle<RequestRecord> {
  return async ({ state: { kind, request, agency } }) => {
    if (kind !== "frozen") return;
    const ofAgency = await releases.list({ agency, kinds: inEscrow, limit: pageMax });
    await freeze(
      releases,
      ofAgency.filter(({ state }) => state.request === request.id),
    );
  };
}

const inEscrow: readonly ReleaseRecord["kind"][] = ["preparing", "in-review", "escrowed", "available"];

const withdrawable: readonly ReleaseRecord["kind"][] = [...inEscrow, "retrieved", "custody"];

async function freeze(releases: ReleaseBook, kept: Awaited<ReturnType<ReleaseBook["list"]>>): Promise<void> {
  for (const { id } of kept) await releases.advance(id, { kind: "freeze" }, "clock");
}
