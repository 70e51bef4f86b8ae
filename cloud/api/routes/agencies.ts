import { openFirstAgreement } from "../../../shared/release/agreement.js";
import { type AgencyEvent, agreementOf } from "../../agency/agency.js";
import type { AgencyBook } from "../../release/deciding.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/releases.js";
import { agencyIdIn } from "../ids.js";
import { demandOwnKey, officerOf, operatorOf } from "../plugins/office.js";
import { type HourlyBudget, spending } from "../plugins/ratelimit.js";
import { found, Problem } from "../problems.js";
import { demandStep } from "../steps.js";
import { endWaysOfOthers, type WaysIn } from "./officeways.js";
import { nextOf, shownAgency } from "./record.js";

export interface AgencyServices {
  readonly agencies: AgencyBook;
  /** That of registrations. */
  readonly budget: HourlyBudget;
}

/** How a body applies that nobody knows yet: by its first agreement, signed by the supervisor who founds its record. */
export function addApplication(app: App, { agencies, budget }: AgencyServices): void {
  app.post(
    "/agency/v1/agreements",
    {
      preHandler: spending(app, budget),
      schema: {
        operationId: "applyAsAgency",
        summary: "A body's first agreement: two operators look at it, then the public for 30 days",
        tags: ["agency"],
        body: contract.agreementBody,
        response: { 201: contract.agency },
      },
    },
    async ({ body: { note, terms } }, reply) => {
      const agreement = demandStep(openFirstAgreement(note));
      const known = await agencies.find(agreement.agency);
      // Its answer was lost: the same again is the same.
      const again = known?.state.agreements[0] === note ? known : undefined;
      const kept =
        again ??
        demandStep(
          await agencies.advance(agreement.agency, { kind: "apply", note, terms }, agreement.agency),
        );
      return reply.code(201).send({ ...shownAgency(kept), steps: [] });
    },
  );
}

/** What officers do for their own agency. */
export function addOwnAgency(officers: App, services: AgencyServices & WaysIn): void {
  const { agencies } = services;
  officers.put(
    "/agency/v1/agreement",
    {
      schema: {
        operationId: "amendAgreement",
        summary: "The agreement's next version: new people at once, new terms after vetting and 30 days",
        tags: ["agency"],
        body: contract.agreementBody,
        response: { 200: contract.agency },
      },
    },
    async (request) => {
      const { office, id } = officerOf(request);
      const { note, terms } = request.body;
      const kept = demandStep(await agencies.advance(office, { kind: "amend", note, terms }, id));
      await endWaysOfOthers(services, office, agreementOf(kept.state).officers);
      return { ...shownAgency(kept), steps: [] };
    },
  );
  for (const [path, kind, summary] of [
    ["attestation", "attest", "A supervisor says that the agreement holds for another year"],
    ["lost-key", "report-lost-key", "A key is lost: keys, requests and packages of the agency end at once"],
  ] as const)
    officers.post(
      `/agency/v1/${path}`,
      {
        schema: {
          operationId: kind === "attest" ? "attestAgreement" : "reportLostKey",
          summary,
          tags: ["agency"],
          response: { 204: nothing },
        },
      },
      async (request, reply) => {
        const { office, id, role } = officerOf(request);
        if (kind === "attest" && role !== "supervisor") throw new Problem("supervisors-only");
        demandStep(await agencies.advance(office, { kind }, id));
        return reply.code(204).send(null);
      },
    );
}

/** What operators do about agencies: vetting and sentences take two of them. */
export function addVetting(operators: App, { agencies }: AgencyServices): void {
  addVettingWords(operators, agencies);
  addSentences(operators, agencies);
  operators.get(
    "/operator/v1/agencies",
    {
      schema: {
        operationId: "listAgenciesToVet",
        summary: "Agencies, those that wait for vetting among them",
        tags: ["operator"],
        querystring: contract.recordQuery,
        response: { 200: contract.vettingList },
      },
    },
    async ({ query: { state, limit = 100, cursor } }) => {
      const kept = await agencies.list({
        ...(state && { kinds: [state] }),
        before: cursor,
        limit: limit + 1,
      });
      const shown = kept.slice(0, limit).map((one) => ({
        ...shownAgency(one),
        phone: agreementOf(one.state).phone,
        vetters: [...one.state.vetters],
        ...(one.state.proposed && { proposed: { to: one.state.proposed.to, by: one.state.proposed.by } }),
      }));
      return { agencies: shown, ...nextOf(kept, limit) };
    },
  );
}

function addVettingWords(operators: App, agencies: AgencyBook): void {
  for (const kind of ["vet", "reject"] as const)
    operators.post(
      `/operator/v1/agencies/:agency/${kind}`,
      {
        schema: {
          operationId: `${kind}Agency`,
          summary:
            kind === "vet"
              ? "The agreement is what it says: after a second operator's word the public sees it for 30 days"
              : "The body does not become an agency",
          tags: ["operator"],
          params: contract.agencyParams,
          response: { 200: contract.agency },
        },
      },
      async (request) => {
        const caller = operatorOf(request);
        const { id: operator } = caller;
        const agency = agencyIdIn(request.params.agency);
        const said = async (): Promise<AgencyEvent> => {
          const { vetters } = found(await agencies.find(agency)).state;
          if (kind === "vet" && vetters.length === 0) demandOwnKey(caller);
          return { kind, operator };
        };
        const kept = demandStep(await agencies.advance(agency, said, operator));
        return { ...shownAgency(kept), steps: [] };
      },
    );
}

function addSentences(operators: App, agencies: AgencyBook): void {
  operators.post(
    "/operator/v1/agencies/:agency/sentence",
    {
      schema: {
        operationId: "sentenceAgency",
        summary:
          "Puts an agency on probation, suspends, revokes or reinstates it, once a second operator says the same",
        tags: ["operator"],
        params: contract.agencyParams,
        body: contract.sentenceBody,
        response: { 200: contract.agency },
      },
    },
    async (request) => {
      const caller = operatorOf(request);
      const { id: operator } = caller;
      const agency = agencyIdIn(request.params.agency);
      const { to } = request.body;
      const said = async (): Promise<AgencyEvent> => {
        const { proposed } = found(await agencies.find(agency)).state;
        if (proposed?.to !== to) demandOwnKey(caller);
        return { kind: "sentence", to, operator };
      };
      const kept = demandStep(await agencies.advance(agency, said, operator));
      return { ...shownAgency(kept), steps: [] };
    },
  );
}
