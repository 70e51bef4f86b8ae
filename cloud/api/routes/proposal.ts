import type { ProposedCharter } from "../../../shared/charter/charter.js";
import type { Proposals } from "../../household/proposals.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/household.js";
import type { Hub } from "../hub.js";
import { type HourlyBudget, spending } from "../plugins/ratelimit.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found } from "../problems.js";
import { keyFilesIn, writable } from "../signed.js";
import { timeTextOf } from "../time.js";

export interface ProposalServices {
  readonly proposals: Proposals;
  readonly hub: Hub;
  /** That of charters. */
  readonly budget: HourlyBudget;
}

/** A next charter that owners sign one after another. */
export function addProposal(members: App, { proposals, hub, budget }: ProposalServices): void {
  const path = "/v1/household/proposal";

  members.get(
    path,
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "getProposal",
        summary: "The next charter that waits for owners' signatures, with its key files",
        tags: ["household"],
        response: { 200: contract.proposal },
      },
    },
    async (request) => {
      const { signed, keyFiles, madeAt, ...proposed } = found(
        await proposals.find(sessionOf(request).household),
      );
      const files = keyFiles.map((file) => ({ ...file }));
      return { charter: writable(signed), keyFiles: files, ...shown(proposed), madeAt: timeTextOf(madeAt) };
    },
  );

  members.put(
    path,
    {
      onRequest: ownersOnly,
      preHandler: spending(members, budget),
      schema: {
        operationId: "putProposal",
        summary: "A next charter that still needs other owners' signatures, or one more signature under it",
        tags: ["household"],
        body: contract.charterBody,
        response: { 200: contract.proposed },
      },
    },
    async (request) => {
      const { charter, keyFiles } = request.body;
      const { household, member } = sessionOf(request);
      const proposed = shown(demand(await proposals.put(household, charter, keyFilesIn(keyFiles))));
      const { version, missing } = proposed;
      hub.publish({ household, member, kind: "charter.proposed", data: { version, missing } });
      return proposed;
    },
  );

  members.delete(
    path,
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "withdrawProposal",
        summary: "Nobody signs it any more",
        tags: ["household"],
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const withdrawn = await proposals.withdraw(sessionOf(request).household);
      found(withdrawn ? true : undefined);
      return reply.code(204).send(null);
    },
  );
}

function shown({ charter: { version }, signers, missing }: ProposedCharter) {
  return { version, signers: signers.map(({ id }) => id), missing: missing.map(({ id }) => id) };
}
