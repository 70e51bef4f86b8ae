import type { FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { isHash } from "../../../shared/seal/hash.js";
import type { Emergencies, KeptEmergency } from "../../legal/emergencies.io.js";
import type { EmergencyEvent } from "../../legal/emergency.js";
import type { App } from "../app.js";
import { coursesQuery } from "../contract/accesses.js";
import * as contract from "../contract/emergencies.js";
import { callBackBody } from "../contract/orders.js";
import { noteBody } from "../contract/releases.js";
import { agencyIdIn, requestIdIn } from "../ids.js";
import { courseCursor } from "../page.js";
import { officerOf, operatorOf } from "../plugins/office.js";
import { demand, found } from "../problems.js";
import { demandStep } from "../steps.js";
import { timeTextOf } from "../time.js";

export interface EmergencyServices {
  readonly emergencies: Emergencies;
}

/** What officers and supervisors do in an emergency. */
export function addEmergencies(officers: App, { emergencies }: EmergencyServices): void {
  officers.post(
    "/agency/v1/emergencies",
    {
      schema: {
        operationId: "claimEmergency",
        summary:
          "Says that a life is in danger, about one outdoor camera and a window of the last 72 hours; signed",
        tags: ["agency"],
        body: noteBody,
        response: { 201: contract.emergency },
      },
    },
    async (request, reply) => {
      const { id: by, office } = officerOf(request);
      const word = { agency: agencyIdIn(office), by, note: request.body.note };
      return reply.code(201).send(shownToAgency(demandStep(found(await emergencies.claim(word)))));
    },
  );

  officers.get(
    "/agency/v1/emergencies",
    {
      schema: {
        operationId: "listOwnEmergencies",
        summary: "The agency's own emergencies, newest first: released or not, and no more",
        tags: ["agency"],
        querystring: coursesQuery,
        response: { 200: contract.emergencies },
      },
    },
    async (request) => {
      const { office: agency } = officerOf(request);
      const { items, rest } = await courseCursor(request.query, (query) =>
        emergencies.list({ ...query, agency }),
      );
      return { emergencies: items.map(shownToAgency), ...rest };
    },
  );
  addOwnSteps(officers, emergencies);
}

function addOwnSteps(officers: App, emergencies: Emergencies): void {
  const ownOf = async (request: FastifyRequest, id: string): Promise<KeptEmergency> => {
    const emergency = await emergencies.find(requestIdIn(id));
    return found(emergency?.state.agency === officerOf(request).office ? emergency : undefined);
  };
  officers.post(
    "/agency/v1/emergencies/:emergency/cosignature",
    {
      schema: {
        operationId: "cosignEmergency",
        summary: "The claim with a supervisor's signature too; without it nothing is looked at",
        tags: ["agency"],
        params: contract.emergencyParams,
        body: noteBody,
        response: { 200: contract.emergency },
      },
    },
    async (request) => {
      const { id: by, role, office } = officerOf(request);
      const word = { agency: agencyIdIn(office), by, note: request.body.note };
      const may = role === "supervisor" ? "supervisor" : "officer";
      const cosigned = await emergencies.cosign(requestIdIn(request.params.emergency), {
        ...{ ...word, role: may },
      });
      return shownToAgency(demandStep(found(cosigned)));
    },
  );

  officers.post(
    "/agency/v1/emergencies/:emergency/paper",
    {
      schema: {
        operationId: "filePaper",
        summary:
          "What a court says of it, within three court days, by its hash; operators are shown the paper itself",
        tags: ["agency"],
        params: contract.emergencyParams,
        body: contract.paperBody,
        response: { 200: contract.emergency },
      },
    },
    async (request) => {
      const { id } = await ownOf(request, request.params.emergency);
      const event = { kind: "file-paper", by: officerOf(request).id, paper: request.body.paper } as const;
      return shownToAgency(demand(found(await emergencies.advance(requestIdIn(id), event))));
    },
  );
}

/** What the pair on call does. There is no route by which an operator releases anything. */
export function addEmergencySteps(operators: App, { emergencies }: EmergencyServices): void {
  const advance = async (id: string, event: EmergencyEvent & { readonly kind: "agree" | "deny" | "find" }) =>
    shown(demand(found(await emergencies.advance(requestIdIn(id), event))));

  operators.get(
    "/operator/v1/emergencies",
    {
      schema: {
        operationId: "listEmergencies",
        summary: "All emergencies, newest first",
        tags: ["operator"],
        querystring: coursesQuery,
        response: { 200: contract.emergencies },
      },
    },
    async ({ query: asked }) => {
      const { items, rest } = await courseCursor(asked, (query) => emergencies.list(query));
      return { emergencies: items.map(shown), ...rest };
    },
  );

  operators.post(
    "/operator/v1/emergencies/:emergency/callback",
    {
      schema: {
        operationId: "callBackEmergency",
        summary: "What the agency said when it was called back, at the number of the public registry",
        tags: ["operator"],
        params: contract.emergencyParams,
        body: callBackBody,
        response: { 200: contract.emergency },
      },
    },
    async (request) => {
      const call = { ...request.body, by: operatorOf(request).id };
      const answered = await emergencies.callBack(requestIdIn(request.params.emergency), call);
      return shown(demand(found(answered)));
    },
  );

  operators.post(
    "/operator/v1/emergencies/:emergency/answer",
    {
      schema: {
        operationId: "answerEmergency",
        summary: "The second of the pair agrees that the claim is the agency's, or either denies it",
        tags: ["operator"],
        params: contract.emergencyParams,
        body: contract.emergencyAnswerBody,
        response: { 200: contract.emergency },
      },
    },
    async (request) =>
      advance(request.params.emergency, { kind: request.body.answer, by: operatorOf(request).id }),
  );

  operators.post(
    "/operator/v1/emergencies/:emergency/finding",
    {
      schema: {
        operationId: "findPaper",
        summary: "Whether the court's paper is genuine; it counts once two operators found the same",
        tags: ["operator"],
        params: contract.emergencyParams,
        body: contract.findingBody,
        response: { 200: contract.emergency },
      },
    },
    async (request) => {
      const event = { kind: "find", by: operatorOf(request).id, genuine: request.body.genuine } as const;
      return advance(request.params.emergency, event);
    },
  );
}

/** With what its own people signed. */
function shownToAgency(kept: KeptEmergency): Static<typeof contract.emergency> {
  return { ...shown(kept), note: kept.state.note };
}

function shown({ id, state }: KeptEmergency): Static<typeof contract.emergency> {
  const { kind, agency, claim, claimedAt, until, paper } = state;
  const { file, danger, camera, from, to } = claim;
  return {
    ...{ id, state: kind, agency, file, danger, camera, claimedAt: timeTextOf(claimedAt) },
    ...{ from: timeTextOf(from), to: timeTextOf(to) },
    ...(until !== undefined && { until: timeTextOf(until) }),
    ...(paper !== undefined && isHash(paper) && { paper }),
  };
}
