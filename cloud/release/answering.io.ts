import { millis } from "../../shared/kernel/brand.js";
import type { RequestId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
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
  asked(id: RequestId): Promise<AskedNow | undefined>;
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
  const emergencyOf = async (id: RequestId): Promise<Emergency | undefined> => (await desk?.find(id))?.state;
  return {
    join(emergencies) {
      desk = emergencies;
    },
    async asked(id) {
      const request = (await requests.find(id))?.state;
      if (request !== undefined)
        return { ask: request.request, state: request.kind, published: request.publishedAt ?? never };
      const emergency = await emergencyOf(id);
      if (emergency === undefined) return undefined;
      const state = isOpen(emergency, clock.wall()) ? "published" : "closed";
      return { ask: emergency.claim, state, published: emergency.askedAt ?? never };
    },
    async mayBeKnown({ request, record }) {
      const emergency = await emergencyOf(request);
      return emergency === undefined || isHandedOver(emergency, record);
    },
    async tell({ kind, request, record: release }) {
      if (kind === "escrowed") await desk?.hear({ kind: "ready", release }, request);
      if (kind === "destroyed") await desk?.hear({ kind: "gone", release }, request);
    },
  };
}
