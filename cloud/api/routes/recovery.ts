import type { Clock } from "../../../shared/kernel/ports.js";
import type { Recoveries } from "../../household/recoveries.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/recovery.js";
import type { Hub } from "../hub.js";
import type { RateLimit } from "../plugins/ratelimit.js";
import { type Caller, keySessionsOnly, sessionOf } from "../plugins/session.js";
import { found, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface RecoveryServices {
  readonly recoveries: Recoveries;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly limit: RateLimit;
}

/** For whoever lost everything but the passphrase: no token, and nothing without the words. */
export function addRecovery(app: App, { recoveries, hub, clock, limit }: RecoveryServices): void {
  app.get(
    "/v1/recovery/:recovery",
    {
      config: limit,
      schema: {
        operationId: "recover",
        summary: "What a recovery passphrase opens; its member is told that it was fetched",
        tags: ["login"],
        params: contract.recoveryParams,
        response: { 200: contract.recovered },
      },
    },
    async (request, reply) => {
      const { household, member, file } = found(await recoveries.find(request.params.recovery));
      const data = { at: timeTextOf(clock.wall()) };
      hub.publish({ household, member, kind: "recovery.fetched", data });
      reply.header("cache-control", "no-store");
      return { file };
    },
  );
}

/** The member's own. */
export function addRecoveries(members: App, { recoveries, hub, clock }: RecoveryServices): void {
  const tell = ({ household, member }: Caller): void =>
    hub.publish({ household, member, kind: "recovery.changed", data: { at: timeTextOf(clock.wall()) } });
  const path = "/v1/recovery";
  members.get(
    path,
    {
      schema: {
        operationId: "getRecovery",
        summary: "Whether the member may come back with a passphrase, and since when",
        tags: ["login"],
        response: { 200: contract.recoveryState },
      },
    },
    async (request) => ({ madeAt: timeTextOf(found(await recoveries.madeAt(sessionOf(request)))) }),
  );

  members.put(
    path,
    {
      onRequest: keySessionsOnly,
      schema: {
        operationId: "putRecovery",
        summary: "The member's sealed seed, instead of an earlier one",
        tags: ["login"],
        body: contract.recoveryBody,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const caller = sessionOf(request);
      if (!(await recoveries.put(caller, request.body))) throw new Problem("recovery-taken");
      tell(caller);
      return reply.code(204).send(null);
    },
  );

  members.delete(
    path,
    {
      onRequest: keySessionsOnly,
      schema: {
        operationId: "removeRecovery",
        summary: "No passphrase brings the member back any more",
        tags: ["login"],
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const caller = sessionOf(request);
      found((await recoveries.remove(caller)) ? true : undefined);
      tell(caller);
      return reply.code(204).send(null);
    },
  );
}
