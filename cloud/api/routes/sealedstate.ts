import type { SealedStates } from "../../household/sealedstate.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/releases.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { found, Problem } from "../problems.js";

export interface SealedStateServices {
  readonly sealedStates: SealedStates;
}

const path = "/v1/household/state";

/** What owners' clients keep among themselves. They write it at each of their rounds, whether anything has changed or not. */
export function addSealedState(members: App, { sealedStates }: SealedStateServices): void {
  members.get(
    path,
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "getSealedState",
        summary: "What the owners keep among themselves: an age file to their keys",
        tags: ["releases"],
        response: { 200: contract.sealedState },
      },
    },
    async (request) => found(await sealedStates.find(sessionOf(request).household)),
  );
  members.put(
    path,
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "putSealedState",
        summary: "The next version of it; refused where another owner was quicker",
        tags: ["releases"],
        body: contract.sealedState,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      if (!(await sealedStates.put(sessionOf(request).household, request.body)))
        throw new Problem("changed-meanwhile");
      return reply.code(204).send(null);
    },
  );
}
