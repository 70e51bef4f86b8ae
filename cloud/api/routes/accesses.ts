import type { Static } from "typebox";
import type { OfficerId } from "../../../shared/kernel/ids.js";
import { operatorOffice } from "../../../shared/release/officelogin.js";
import type { Directory } from "../../office/people.js";
import { accessHash } from "../../operator/access.js";
import type { Accesses, KeptAccess } from "../../operator/accesses.io.js";
import type { Metadata } from "../../operator/metadata.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/accesses.js";
import type { Hub } from "../hub.js";
import { courseIdIn, householdIdIn } from "../ids.js";
import { courseCursor } from "../page.js";
import { operatorOf } from "../plugins/office.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface AccessServices {
  readonly accesses: Accesses;
  readonly directory: Directory;
}

/** Tells a household's owners of each step of an operator's look at their metadata. */
export function accessTeller(hub: Hub): (access: KeptAccess) => void {
  return ({ id, state, changed }) => {
    const { household, ticket } = state;
    const data = { access: id, state: state.kind, ticket, at: timeTextOf(changed) };
    hub.publish({ household, kind: "operator.access", data });
  };
}

/** What operators do with looks at a household's metadata: ask, answer each other, look, end, review. */
export function addAccesses(operators: App, { accesses, directory }: AccessServices): void {
  const shown: Shown = async (access) => ({
    ...(await factsOf(access, directory)),
    household: access.state.household,
  });
  operators.post(
    "/operator/v1/accesses",
    {
      schema: {
        operationId: "requestAccess",
        summary: "Asks for a look at a household's metadata; another operator must approve",
        tags: ["operator"],
        body: contract.accessBody,
        response: { 201: contract.operatorsAccess },
      },
    },
    async (request, reply) => {
      const { household, ...asked } = request.body;
      const by = operatorOf(request).id;
      const made = await accesses.request({ ...asked, household: householdIdIn(household), by });
      return reply.code(201).send(await shown(demand(found(made))));
    },
  );

  operators.get(
    "/operator/v1/accesses",
    {
      schema: {
        operationId: "listAccesses",
        summary: "All looks at metadata that were asked for, newest first",
        tags: ["operator"],
        querystring: contract.coursesQuery,
        response: { 200: contract.operatorsAccesses },
      },
    },
    async ({ query }) => {
      const { items, rest } = await courseCursor(query, (page) => accesses.list(page));
      return { accesses: await Promise.all(items.map(shown)), ...rest };
    },
  );

  addSteps(operators, accesses, shown);
  addReading(operators, accesses);
}

type Shown = (access: KeptAccess) => Promise<Static<typeof contract.operatorsAccess>>;

function addSteps(operators: App, accesses: Accesses, shown: Shown): void {
  operators.post(
    "/operator/v1/accesses/:access/answer",
    {
      schema: {
        operationId: "answerAccess",
        summary: "Another operator's yes or no; with a yes it is active at once",
        tags: ["operator"],
        params: contract.accessParams,
        body: contract.answerBody,
        response: { 200: contract.operatorsAccess },
      },
    },
    async (request) => {
      const event = { kind: request.body.answer, by: operatorOf(request).id };
      return shown(demand(found(await accesses.advance(courseIdIn(request.params.access), event))));
    },
  );

  operators.post(
    "/operator/v1/accesses/:access/end",
    {
      schema: {
        operationId: "endAccess",
        summary: "Ends an active access before its time",
        tags: ["operator"],
        params: contract.accessParams,
        response: { 200: contract.operatorsAccess },
      },
    },
    async (request) => {
      const event = { kind: "end", by: operatorOf(request).id } as const;
      return shown(demand(found(await accesses.advance(courseIdIn(request.params.access), event))));
    },
  );

  operators.post(
    "/operator/v1/accesses/:access/review",
    {
      schema: {
        operationId: "reviewAccess",
        summary: "What another operator says of an access that is over",
        tags: ["operator"],
        params: contract.accessParams,
        body: contract.reviewBody,
        response: { 200: contract.operatorsAccess },
      },
    },
    async (request) => {
      const { finding } = request.body;
      const event = { kind: "review", by: operatorOf(request).id, finding } as const;
      return shown(demand(found(await accesses.advance(courseIdIn(request.params.access), event))));
    },
  );
}

function addReading(operators: App, accesses: Accesses): void {
  operators.get(
    "/operator/v1/accesses/:access/metadata/:kind",
    {
      schema: {
        operationId: "readMetadata",
        summary: "What the access covers, while it is active; the household sees each look",
        tags: ["operator"],
        params: contract.readParams,
        response: { 200: contract.metadata },
      },
    },
    async (request) => {
      const { access, kind } = request.params;
      const read = await accesses.read(courseIdIn(access), operatorOf(request).id, kind);
      return metadataOf(demand(found(read)));
    },
  );
}

function metadataOf({ members, cameras, clips, storage }: Metadata): Static<typeof contract.metadata> {
  return {
    ...(members && { members: [...members] }),
    ...(cameras && {
      cameras: cameras.map(({ seenAt, ...camera }) => ({
        ...camera,
        ...(seenAt !== undefined && { seenAt: timeTextOf(seenAt) }),
      })),
    }),
    ...(clips && {
      clips: clips.map(({ arrivedAt, ...clip }) => ({ ...clip, arrivedAt: timeTextOf(arrivedAt) })),
    }),
    ...(storage && { storage }),
  };
}

/** The household's own view: each look at their metadata, by whom, why, and what was read. */
export function addHouseholdsAccesses(members: App, { accesses, directory }: AccessServices): void {
  members.get(
    "/v1/household/accesses",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "listHouseholdAccesses",
        summary: "Each look of an operator at the household's metadata, newest first",
        tags: ["household"],
        querystring: contract.coursesQuery,
        response: { 200: contract.householdsAccesses },
      },
    },
    async (request) => {
      const { household } = sessionOf(request);
      const { items, rest } = await courseCursor(request.query, (page) =>
        accesses.list({ ...page, household }),
      );
      const shown = items.map(async (access) => ({
        ...(await factsOf(access, directory)),
        ...{ salt: access.state.salt, hash: accessHash(access.state) },
        reads: (await accesses.reads(household, access.id)).map(({ kind, at }) => ({
          kind: kind as KeptAccess["state"]["scope"][number],
          at: timeTextOf(at),
        })),
      }));
      return { accesses: await Promise.all(shown), ...rest };
    },
  );
}

async function factsOf({ id, state }: KeptAccess, directory: Directory) {
  const named = async (person: OfficerId) => {
    const name = (await directory.find({ office: operatorOffice, person }))?.name;
    return name === undefined ? { id: person } : { id: person, name };
  };
  const { ticket, scope, minutes, askedAt, by } = state;
  return {
    ...{ id, state: state.kind, ticket, scope: [...scope], minutes, askedAt: timeTextOf(askedAt) },
    by: await named(by),
    ...("second" in state && state.second && { second: await named(state.second) }),
    ...("until" in state && { until: timeTextOf(state.until) }),
    ...(state.kind === "reviewed" && { reviewer: await named(state.reviewer), finding: state.finding }),
  };
}
