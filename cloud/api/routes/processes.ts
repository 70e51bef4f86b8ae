import { Readable } from "node:stream";
import type { Static } from "typebox";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { faultsOf, type LegalProcess, type Proposal, proposalHash } from "../../legal/process.js";
import type { KeptProcess, Processes } from "../../legal/processes.io.js";
import type { ProcessItem } from "../../legal/scope.js";
import type { App } from "../app.js";
import { coursesQuery } from "../contract/accesses.js";
import { callBackBody } from "../contract/orders.js";
import * as contract from "../contract/processes.js";
import { agencyIdIn, cameraIdIn, courseIdIn } from "../ids.js";
import { courseCursor } from "../page.js";
import { officerOf, operatorOf } from "../plugins/office.js";
import { demand, found } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface ProcessServices {
  readonly processes: Processes;
}

/** What officers do with legal process. */
export function addProcesses(officers: App, { processes }: ProcessServices): void {
  officers.post(
    "/agency/v1/processes",
    {
      schema: {
        operationId: "serveProcess",
        summary:
          "Serves a subpoena, court order or warrant; each line names a camera and a window, or reaches nothing",
        tags: ["agency"],
        body: contract.processBody,
        response: { 201: contract.agencysProcess },
      },
    },
    async (request, reply) => {
      const { file, type, items, returnBy, gagUntil } = request.body;
      const { id: by, office } = officerOf(request);
      const received = await processes.receive({
        ...{ agency: agencyIdIn(office), by, file, type, items: items.map(itemIn) },
        ...(returnBy !== undefined && { returnBy: timeIn(returnBy) }),
        ...(gagUntil !== undefined && { gagUntil: timeIn(gagUntil) }),
      });
      return reply.code(201).send(toAgency(demand(received)));
    },
  );

  officers.get(
    "/agency/v1/processes",
    {
      schema: {
        operationId: "listOwnProcesses",
        summary: "The agency's own legal process, newest first",
        tags: ["agency"],
        querystring: coursesQuery,
        response: { 200: contract.agencysProcesses },
      },
    },
    async (request) => {
      const { office: agency } = officerOf(request);
      const { items, rest } = await courseCursor(request.query, (query) =>
        processes.list({ ...query, agency }),
      );
      return { processes: items.map(toAgency), ...rest };
    },
  );
  addOwnSteps(officers, processes);
}

function addOwnSteps(officers: App, processes: Processes): void {
  officers.post(
    "/agency/v1/processes/:process/withdrawal",
    {
      schema: {
        operationId: "withdrawProcess",
        summary: "Takes the agency's own process back before anything is handed over",
        tags: ["agency"],
        params: contract.processParams,
        response: { 200: contract.agencysProcess },
      },
    },
    async (request) => {
      const { id: by, office } = officerOf(request);
      const own = await ownOf(processes, request.params.process, office);
      return toAgency(demand(found(await processes.advance(courseIdIn(own.id), { kind: "withdraw", by }))));
    },
  );

  officers.get(
    "/agency/v1/processes/:process/production",
    {
      schema: {
        operationId: "fetchProduction",
        summary:
          "What is held of the process's lines, as a tar: sealed, with what the cloud knows of it and no key",
        tags: ["agency"],
        params: contract.processParams,
        produces: ["application/x-tar"],
      },
    },
    async (request, reply) => {
      const own = await ownOf(processes, request.params.process, officerOf(request).office);
      const tar = demand(processes.production(own));
      return reply.type("application/x-tar").send(Readable.from(tar, { objectMode: false }));
    },
  );
}

/** What operators do with it, two at a time. */
export function addProcessSteps(operators: App, { processes }: ProcessServices): void {
  operators.get(
    "/operator/v1/processes",
    {
      schema: {
        operationId: "listProcesses",
        summary: "All legal process, newest first, with why a line reaches nothing",
        tags: ["operator"],
        querystring: coursesQuery,
        response: { 200: contract.operatorsProcesses },
      },
    },
    async ({ query: asked }) => {
      const { items, rest } = await courseCursor(asked, (query) => processes.list(query));
      return { processes: items.map(toOperator), ...rest };
    },
  );

  operators.post(
    "/operator/v1/processes/:process/callback",
    {
      schema: {
        operationId: "callBackProcess",
        summary: "What the agency said when it was called back, at the number of the public registry",
        tags: ["operator"],
        params: contract.processParams,
        body: callBackBody,
        response: { 200: contract.operatorsProcess },
      },
    },
    async (request) => {
      const call = { ...request.body, by: operatorOf(request).id };
      return toOperator(demand(found(await processes.callBack(courseIdIn(request.params.process), call))));
    },
  );

  operators.post(
    "/operator/v1/processes/:process/proposal",
    {
      schema: {
        operationId: "proposeVerdict",
        summary:
          "One operator's verdict: which lines are answered, or that none is, or that a court must decide",
        tags: ["operator"],
        params: contract.processParams,
        body: contract.proposalBody,
        response: { 200: contract.operatorsProcess },
      },
    },
    async (request) => {
      const { verdict, keep = [] } = request.body;
      const event = { kind: "propose", by: operatorOf(request).id, verdict, keep } as const;
      return toOperator(demand(found(await processes.advance(courseIdIn(request.params.process), event))));
    },
  );

  operators.post(
    "/operator/v1/processes/:process/answer",
    {
      schema: {
        operationId: "answerVerdict",
        summary: "Another operator's yes, with which the verdict counts, or no",
        tags: ["operator"],
        params: contract.processParams,
        body: contract.processAnswerBody,
        response: { 200: contract.operatorsProcess },
      },
    },
    async (request) => {
      const { answer, proposal } = request.body;
      const event = { kind: answer, by: operatorOf(request).id, proposal };
      return toOperator(demand(found(await processes.advance(courseIdIn(request.params.process), event))));
    },
  );
}

async function ownOf(processes: Processes, id: string, agency: string): Promise<KeptProcess> {
  const process = await processes.find(courseIdIn(id));
  return found(process?.state.agency === agency ? process : undefined);
}

const timeIn = (text: string): Millis => millis(Date.parse(text));

function itemIn({
  data,
  camera,
  from,
  to,
  indoor = false,
}: Static<typeof contract.processBody>["items"][number]): ProcessItem {
  return {
    ...{ data, indoor },
    ...(camera !== undefined && { camera: cameraIdIn(camera) }),
    ...(from !== undefined && { from: timeIn(from) }),
    ...(to !== undefined && { to: timeIn(to) }),
  };
}

function lineOf({ data, camera, from, to, indoor }: ProcessItem) {
  return {
    ...{ data, indoor },
    ...(camera !== undefined && { camera }),
    ...(from !== undefined && { from: timeTextOf(from) }),
    ...(to !== undefined && { to: timeTextOf(to) }),
  };
}

function factsOf(id: string, state: LegalProcess) {
  const { kind, agency, file, type, receivedAt, kept, dueAt, returnBy, gagUntil } = state;
  return {
    ...{ id, state: kind, agency, file, type, receivedAt: timeTextOf(receivedAt), kept: [...kept] },
    ...(dueAt !== undefined && { dueAt: timeTextOf(dueAt) }),
    ...(returnBy !== undefined && { returnBy: timeTextOf(returnBy) }),
    ...(gagUntil !== undefined && { gagUntil: timeTextOf(gagUntil) }),
  };
}

function toAgency({ id, state }: KeptProcess): Static<typeof contract.agencysProcess> {
  return { ...factsOf(id, state), items: state.items.map(lineOf) };
}

function shownProposal(proposed: Proposal) {
  const { by, verdict, keep } = proposed;
  return { by, verdict, keep: [...keep], hash: proposalHash(proposed) };
}

function toOperator({ id, state }: KeptProcess): Static<typeof contract.operatorsProcess> {
  const faults = faultsOf(state);
  const { proposed, notified } = state;
  return {
    ...factsOf(id, state),
    notified,
    items: state.items.map((item, at) => {
      const fault = faults[at];
      return { ...lineOf(item), known: item.place !== undefined, ...(fault !== undefined && { fault }) };
    }),
    ...(proposed && { proposed: shownProposal(proposed) }),
  };
}
