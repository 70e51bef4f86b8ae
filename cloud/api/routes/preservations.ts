import type { Static } from "typebox";
import type { KeptPreservation, Preservations } from "../../legal/preservations.io.js";
import type { App } from "../app.js";
import { coursesQuery } from "../contract/accesses.js";
import * as contract from "../contract/orders.js";
import { agencyIdIn, cameraIdIn, courseIdIn } from "../ids.js";
import { courseCursor } from "../page.js";
import { officerOf, operatorOf } from "../plugins/office.js";
import { demand, found } from "../problems.js";
import { timeTextOf } from "../time.js";
import { orderedWindow } from "../window.js";

export interface PreservationServices {
  readonly preservations: Preservations;
}

/** What officers do with orders of preservation. */
export function addPreservations(officers: App, { preservations }: PreservationServices): void {
  officers.post(
    "/agency/v1/preservations",
    {
      schema: {
        operationId: "askPreservation",
        summary: "Has one camera's sealed recordings of one window kept, once an operator has called back",
        tags: ["agency"],
        body: contract.preservationBody,
        response: { 201: contract.preservation },
      },
    },
    async (request, reply) => {
      const { file, camera, ...window } = request.body;
      const { id: by, office } = officerOf(request);
      const facts = { agency: agencyIdIn(office), by, file, camera: cameraIdIn(camera) };
      const made = await preservations.ask({ ...facts, ...orderedWindow(window) });
      return reply.code(201).send(shown(demand(found(made))));
    },
  );

  officers.get(
    "/agency/v1/preservations",
    {
      schema: {
        operationId: "listOwnPreservations",
        summary: "The agency's own orders of preservation, newest first",
        tags: ["agency"],
        querystring: coursesQuery,
        response: { 200: contract.preservations },
      },
    },
    async (request) => {
      const { items, rest } = await courseCursor(request.query, (query) =>
        preservations.list({ ...query, agency: officerOf(request).office }),
      );
      return { preservations: items.map(shown), ...rest };
    },
  );

  officers.post(
    "/agency/v1/preservations/:order/renewal",
    {
      schema: {
        operationId: "renewPreservation",
        summary: "Renews an active order of the agency's own, once",
        tags: ["agency"],
        params: contract.orderParams,
        response: { 200: contract.preservation },
      },
    },
    async (request) => {
      const { id: by, office } = officerOf(request);
      const id = courseIdIn(request.params.order);
      const own = await preservations.find(id);
      found(own?.state.agency === office ? own : undefined);
      return shown(demand(await preservations.renew(id, by)));
    },
  );
}

/** What operators do with them. */
export function addPreservationCalls(operators: App, { preservations }: PreservationServices): void {
  operators.get(
    "/operator/v1/preservations",
    {
      schema: {
        operationId: "listPreservations",
        summary: "All orders of preservation, newest first",
        tags: ["operator"],
        querystring: coursesQuery,
        response: { 200: contract.preservations },
      },
    },
    async ({ query: asked }) => {
      const { items, rest } = await courseCursor(asked, (query) => preservations.list(query));
      return { preservations: items.map(shown), ...rest };
    },
  );

  operators.post(
    "/operator/v1/preservations/:order/callback",
    {
      schema: {
        operationId: "callBackPreservation",
        summary: "What the agency said when it was called back, at the number of the public registry",
        tags: ["operator"],
        params: contract.orderParams,
        body: contract.callBackBody,
        response: { 200: contract.preservation },
      },
    },
    async (request) => {
      const call = { ...request.body, by: operatorOf(request).id };
      return shown(demand(found(await preservations.callBack(courseIdIn(request.params.order), call))));
    },
  );
}

function shown({ id, state }: KeptPreservation): Static<typeof contract.preservation> {
  const { kind, agency, file, camera, from, to, askedAt } = state;
  return {
    ...{ id, state: kind, agency, file, camera, askedAt: timeTextOf(askedAt) },
    ...{ from: timeTextOf(from), to: timeTextOf(to) },
    ...("until" in state && { until: timeTextOf(state.until), renewed: state.renewed }),
  };
}
