import { millis } from "../../shared/kernel/brand.js";
import type { RequestId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { parseAuthorisation } from "../../shared/release/authorisation.js";
import type { Hash } from "../../shared/seal/hash.js";
import { textOf } from "../../shared/seal/note.js";
import type { Emergencies } from "../legal/emergencies.io.js";
import { type Emergency, isHandedOver, isOpen } from "../legal/emergency.js";
import type { AskedNow, RequestBook } from "./deciding.io.js";
import type { ReleaseRecord } from "./release.js";

/** Of what nobody can answer yet. */
const never = millis(Number.POSITIVE_INFINITY);

type Answered = Pick<Emergencies, "find" | "hear">;

/** What releases answer: public requests, and the desk's emergencies. */
export interface Answering {
  /** The desk opens later, on the same docket. Called once, before anybody asks. */
  join(emergencies: Answered): void;
  /** Of a request and a claim that have the same id, the one with this hash. */
  asked(id: RequestId, hash?: Hash): Promise<AskedNow | undefined>;
  /** What answers an emergency comes into no batch, and to nobody, before the agency is told: else the batch would tell it. */
  mayBeKnown(release: ReleaseRecord): Promise<boolean>;
  /** Tells an emergency that what answers it lies ready, or does no more. */
  tell(release: ReleaseRecord): Promise<void>;
}

export function createAnswering({
  requests,
  clock,
}: {
  readonly requests: RequestBook;
  readonly clock: Clock;
}): Answering {
  let desk: Answered | undefined;
  /** An agency makes both ids: what was signed for a request of the same id answers no emergency. */
  const emergencyOf = async ({
    request,
    household,
    authorisation,
  }: ReleaseRecord): Promise<Emergency | undefined> => {
    const emergency = (await desk?.find(request))?.state;
    const said = parseAuthorisation(textOf(authorisation));
    const isItsOwn =
      emergency?.household === household && said.ok && said.value.requestHash === emergency.claim.hash;
    return isItsOwn ? emergency : undefined;
  };
  const requestOf = async (id: RequestId): Promise<AskedNow | undefined> => {
    const request = (await requests.find(id))?.state;
    return request && { ask: request.request, state: request.kind, published: request.publishedAt ?? never };
  };
  const claimOf = async (id: RequestId): Promise<AskedNow | undefined> => {
    const emergency = (await desk?.find(id))?.state;
    const state = emergency && isOpen(emergency, clock.wall()) ? "published" : "closed";
    const published = emergency?.askedAt ?? never;
    return emergency && { ask: emergency.claim, state, published, ready: emergency.releases };
  };
  return {
    join(emergencies) {
      desk = emergencies;
    },
    async asked(id, hash) {
      const found = [await requestOf(id), await claimOf(id)].filter((one) => one !== undefined);
      return found.find(({ ask }) => ask.hash === hash) ?? found[0];
    },
    async mayBeKnown(release) {
      const emergency = await emergencyOf(release);
      return emergency === undefined || isHandedOver(emergency, release.record);
    },
    async tell(record) {
      if ((await emergencyOf(record)) === undefined) return;
      const { kind, request, record: release } = record;
      if (kind === "escrowed") await desk?.hear({ kind: "ready", release }, request);
      if (kind === "destroyed") await desk?.hear({ kind: "gone", release }, request);
    },
  };
}
