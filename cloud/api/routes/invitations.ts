import type { CharterReader } from "../../household/charters.io.js";
import type { Invitations, InvitationView } from "../../household/invitations.io.js";
import type { Repeats } from "../../household/repeats.io.js";
import type { App } from "../app.js";
import { createHeaders, listQuery, nothing } from "../contract/common.js";
import * as contract from "../contract/invitations.js";
import type { Hub } from "../hub.js";
import { newestFirst, pageOf } from "../page.js";
import { type HourlyBudget, type RateLimit, spending } from "../plugins/ratelimit.js";
import { answering, once } from "../plugins/repeats.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { parseTime, timeTextOf } from "../time.js";

export interface InvitationServices {
  readonly charters: CharterReader;
  readonly invitations: Invitations;
  readonly repeats: Repeats;
  readonly hub: Hub;
  readonly limit: RateLimit;
  /** New invitations. */
  readonly budget: HourlyBudget;
}

/** The newcomer's side: no token. What is taken gives no right until an owner's charter names its keys. */
export function addNewcomersInvitations(app: App, { invitations, hub, limit }: InvitationServices): void {
  invitations.onAnswer(({ household, ...data }) => {
    hub.publish({ household, kind: "invitation.answered", data });
  });
  app.post(
    "/v1/invitations/:invitation/answer",
    {
      config: limit,
      schema: {
        operationId: "answerInvitation",
        summary: "A newcomer's public keys, once per invitation; owners are told, and told of another answer",
        tags: ["members"],
        params: contract.invitationParams,
        body: contract.invitationAnswer,
        response: { 202: contract.invitationAnswered },
      },
    },
    async ({ params, body }, reply) => {
      demand(await invitations.answer(params.invitation, body.newcomer));
      return reply.code(202).send({ state: "answered" });
    },
  );
}

/** The members, and the owners' side of inviting. */
export function addMembers(members: App, services: InvitationServices): void {
  const { charters } = services;
  members.get(
    "/v1/members",
    {
      schema: {
        operationId: "listMembers",
        summary: "Who belongs to the household, by its newest charter",
        tags: ["members"],
        querystring: listQuery,
        response: { 200: contract.members },
      },
    },
    async (request) => {
      const { members: all } = found(await charters.current(sessionOf(request).household));
      const { items, rest } = pageOf(all, ({ name, id }) => `${name} ${id}`, request.query);
      const shown = items.map(({ id, name, role, sees }) => ({
        id,
        name,
        role,
        ...(sees && { sees: [...sees] }),
      }));
      return { members: shown, ...rest };
    },
  );
  addOwnersInvitations(members, services);
}

function addOwnersInvitations(members: App, { invitations, repeats, budget }: InvitationServices): void {
  const { preHandler, onSend } = once(repeats);
  const path = "/v1/invitations";
  members.post(
    path,
    {
      onRequest: ownersOnly,
      preHandler: [preHandler, spending(members, budget)],
      onSend,
      schema: {
        operationId: "makeInvitation",
        summary: "An id under which one newcomer may hand in their public keys; it gives no other right",
        tags: ["members"],
        headers: createHeaders,
        body: contract.invitationBody,
        response: { 201: contract.invitation },
      },
    },
    async (request, reply) => {
      const { id, role, expiresAt: asked } = request.body;
      const expiresAt = asked === undefined ? undefined : parseTime(asked);
      if (asked !== undefined && expiresAt === undefined) throw new Problem("malformed-request");
      const { household } = sessionOf(request);
      const beside = answering(request, reply.code(201), written);
      const made = await invitations.make(household, { id, role, expiresAt }, beside);
      return reply.send(written(demand(made)));
    },
  );

  members.get(
    path,
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "listInvitations",
        summary: "The newest 64 invitations, with the lines of newcomers who answered",
        tags: ["members"],
        querystring: listQuery,
        response: { 200: contract.invitations },
      },
    },
    async (request) => {
      const all = (await invitations.list(sessionOf(request).household)).map(written);
      const { items, rest } = newestFirst(all, request.query);
      return { invitations: items, ...rest };
    },
  );

  members.delete(
    `${path}/:invitation`,
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "removeInvitation",
        summary: "Nobody answers it any more, and its answer is forgotten",
        tags: ["members"],
        params: contract.invitationParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const removed = await invitations.remove(sessionOf(request).household, request.params.invitation);
      found(removed ? true : undefined);
      return reply.code(204).send(null);
    },
  );
}

function written({ madeAt, expiresAt, answeredAt, contestedAt, ...facts }: InvitationView) {
  return {
    ...facts,
    madeAt: timeTextOf(madeAt),
    expiresAt: timeTextOf(expiresAt),
    ...(answeredAt !== undefined && { answeredAt: timeTextOf(answeredAt) }),
    ...(contestedAt !== undefined && { contestedAt: timeTextOf(contestedAt) }),
  };
}
