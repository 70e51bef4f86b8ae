import type { onRequestAsyncHookHandler } from "fastify";
import type { SealedStates } from "../../household/sealedstate.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/releases.js";
import { contactsOnly, ownersOnly, sessionOf } from "../plugins/session.js";
import { found, Problem } from "../problems.js";

export interface SealedStateServices {
  readonly sealedStates: SealedStates;
  readonly contactsStates: SealedStates;
}

/** What owners' clients keep among themselves, and contacts' clients among theirs. They write it at each of their rounds, whether anything has changed or not. */
export function addSealedState(members: App, { sealedStates, contactsStates }: SealedStateServices): void {
  addState(members, sealedStates, {
    ...{ path: "/v1/household/state", name: "SealedState", whose: "owners", onRequest: ownersOnly },
  });
  addState(members, contactsStates, {
    ...{ path: "/v1/household/contacts-state", name: "ContactsState", whose: "contacts" },
    onRequest: contactsOnly,
  });
}

interface Of {
  readonly path: string;
  readonly name: string;
  readonly whose: string;
  readonly onRequest: onRequestAsyncHookHandler;
}

function addState(members: App, states: SealedStates, { path, name, whose, onRequest }: Of): void {
  members.get(
    path,
    {
      onRequest,
      schema: {
        operationId: `get${name}`,
        summary: `What the ${whose} keep among themselves: an age file to their keys`,
        tags: ["releases"],
        response: { 200: contract.sealedState },
      },
    },
    async (request) => found(await states.find(sessionOf(request).household)),
  );
  members.put(
    path,
    {
      onRequest,
      schema: {
        operationId: `put${name}`,
        summary: "The next version of it; refused where another of them was quicker",
        tags: ["releases"],
        body: contract.sealedState,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      if (!(await states.put(sessionOf(request).household, request.body)))
        throw new Problem("changed-meanwhile");
      return reply.code(204).send(null);
    },
  );
}
