import type { AgencyId } from "../../../shared/kernel/ids.js";
import type { OpenedAgreement } from "../../../shared/release/agreement.js";
import { parseRequest } from "../../../shared/release/request.js";
import { textOf } from "../../../shared/seal/note.js";
import { type AgencyRecord, agreementOf } from "../../agency/agency.js";
import type { AgencyBook, RequestBook } from "../../release/deciding.io.js";
import { askedBy, type RequestEvent } from "../../request/request.js";
import type { App } from "../app.js";
import * as contract from "../contract/releases.js";
import { requestIdIn } from "../ids.js";
import { officerOf, operatorOf } from "../plugins/office.js";
import { demand, found, Problem } from "../problems.js";
import { demandStep } from "../steps.js";
import { nextOf, shownRequest } from "./record.js";

export interface RequestServices {
  readonly agencies: AgencyBook;
  readonly requests: RequestBook;
  /** The version of an agency's agreement whose people may ask now. */
  readonly speakersOf: (agency: AgencyRecord) => OpenedAgreement;
}

/** An agency's own requests. There is no way to change or remove one. */
export function addOwnRequests(officers: App, services: RequestServices): void {
  addSubmission(officers, services);
  addOwnList(officers, services);
  addEnds(officers, services);
}

function addSubmission(officers: App, { agencies, requests, speakersOf }: RequestServices): void {
  officers.post(
    "/agency/v1/requests",
    {
      schema: {
        operationId: "submitRequest",
        summary:
          "A request for assistance, signed by an officer and a supervisor; a moderator looks at it first",
        tags: ["agency"],
        body: contract.noteBody,
        response: { 201: contract.request },
      },
    },
    async (request, reply) => {
      const { office, id } = officerOf(request);
      const { note } = request.body;
      const asked = demand(parseRequest(textOf(note)));
      if (asked.agency !== office) throw new Problem("other-agreement");
      const submit = async (): Promise<RequestEvent> => {
        const agency = found(await agencies.find(office));
        const earlier = (await everyRequest(requests, asked.agency)).map(({ state }) => askedBy(state));
        const agreement = agreementOf(agency.state);
        const speakers = speakersOf(agency.state);
        const { kind } = agency.state;
        return { kind: "submit", submission: { note, agreement, speakers, agency: kind, earlier } };
      };
      const known = await requests.find(asked.id);
      const again = known?.state.note === note ? known : undefined;
      const kept = again ?? demandStep(await requests.advance(asked.id, submit, id));
      return reply.code(201).send({ ...shownRequest(kept), steps: [] });
    },
  );
}

function addOwnList(officers: App, { requests }: RequestServices): void {
  officers.get(
    "/agency/v1/requests",
    {
      schema: {
        operationId: "listOwnRequests",
        summary: "The agency's requests, newest first, those in review among them",
        tags: ["agency"],
        querystring: contract.recordQuery,
        response: { 200: contract.requestList },
      },
    },
    async (request) => {
      const { office: agency } = officerOf(request);
      const { state, limit = 100, cursor } = request.query;
      const wanted = { agency, ...(state && { kinds: [state] }), before: cursor, limit: limit + 1 };
      const kept = await requests.list(wanted);
      return { requests: kept.slice(0, limit).map(shownRequest), ...nextOf(kept, limit) };
    },
  );
}

function addEnds(officers: App, services: RequestServices): void {
  for (const kind of ["resolve", "withdraw"] as const)
    officers.post(
      `/agency/v1/requests/:request/${kind}`,
      {
        schema: {
          operationId: `${kind}Request`,
          summary:
            kind === "resolve" ? "The incident is resolved: the request ends" : "The agency asks no more",
          tags: ["agency"],
          params: contract.requestParams,
          response: { 200: contract.request },
        },
      },
      async (request) => step(services, officerOf(request), request.params.request, { kind }),
    );
  officers.post(
    "/agency/v1/requests/:request/errata",
    {
      schema: {
        operationId: "addErratum",
        summary: "Says what was wrong in a request; the request itself stays as it was",
        tags: ["agency"],
        params: contract.requestParams,
        body: contract.erratumBody,
        response: { 200: contract.request },
      },
    },
    async (request) => {
      const event = { kind: "erratum", what: request.body.what } as const;
      return step(services, officerOf(request), request.params.request, event);
    },
  );
}

async function step(
  { requests }: RequestServices,
  { office, id: officer }: { readonly office: string; readonly id: string },
  text: string,
  event: RequestEvent,
) {
  const id = requestIdIn(text);
  const kept = await requests.find(id);
  found(kept?.state.agency === office ? kept : undefined);
  return { ...shownRequest(demandStep(await requests.advance(id, event, officer))), steps: [] };
}

/** All of an agency's: its volume counts over 30 days, and a file for ever. */
async function everyRequest(requests: RequestBook, agency: AgencyId) {
  const all = [];
  for (let before: string | undefined; ; ) {
    const page = await requests.list({ agency, before });
    all.push(...page);
    before = page.at(-1)?.id;
    if (before === undefined) return all;
  }
}

/** What a moderator decides: a person, not of the agency that asks. */
export function addModeration(operators: App, { agencies, requests }: RequestServices): void {
  operators.get(
    "/operator/v1/requests",
    {
      schema: {
        operationId: "listRequestsToModerate",
        summary: "Requests, those in review among them",
        tags: ["operator"],
        querystring: contract.recordQuery,
        response: { 200: contract.requestList },
      },
    },
    async ({ query: { state, limit = 100, cursor } }) => {
      const kept = await requests.list({ kinds: [state ?? "review"], before: cursor, limit: limit + 1 });
      return { requests: kept.slice(0, limit).map(shownRequest), ...nextOf(kept, limit) };
    },
  );
  const moderation = async (text: string) => {
    const id = requestIdIn(text);
    const { state } = found(await requests.find(id));
    const { officers } = agreementOf(found(await agencies.find(state.agency)).state);
    return { id, agencysPeople: officers.map((officer) => officer.id) };
  };
  operators.post(
    "/operator/v1/requests/:request/approve",
    {
      schema: {
        operationId: "approveRequest",
        summary: "Publishes a request in the one feed, for at most 7 days",
        tags: ["operator"],
        params: contract.requestParams,
        response: { 200: contract.request },
      },
    },
    async (request) => {
      const { id: operator } = operatorOf(request);
      const { id, agencysPeople } = await moderation(request.params.request);
      const event = { kind: "approve", operator, agencysPeople } as const;
      return { ...shownRequest(demandStep(await requests.advance(id, event, operator))), steps: [] };
    },
  );
  operators.post(
    "/operator/v1/requests/:request/reject",
    {
      schema: {
        operationId: "rejectRequest",
        summary: "Turns a request down, for one of four reasons; it stays in the public record",
        tags: ["operator"],
        params: contract.requestParams,
        body: contract.rejectBody,
        response: { 200: contract.request },
      },
    },
    async (request) => {
      const { id: operator } = operatorOf(request);
      const { id, agencysPeople } = await moderation(request.params.request);
      const event = { kind: "reject", why: request.body.why, operator, agencysPeople } as const;
      return { ...shownRequest(demandStep(await requests.advance(id, event, operator))), steps: [] };
    },
  );
}
