import type { Authority } from "../../household/ca.io.js";
import type { Claims, ClaimView } from "../../household/claims.io.js";
import type { Repeats } from "../../household/repeats.io.js";
import type { App } from "../app.js";
import { createHeaders } from "../contract/common.js";
import * as contract from "../contract/household.js";
import { type HourlyBudget, type RateLimit, spending } from "../plugins/ratelimit.js";
import { answering, once } from "../plugins/repeats.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { writable } from "../signed.js";
import { parseTime, timeTextOf } from "../time.js";

export interface ClaimServices {
  readonly claims: Claims;
  readonly repeats: Repeats;
  readonly authority: Authority;
  /** Where cameras speak MQTT. */
  readonly mqttUrl: () => string;
  readonly vaultKey: string;
  readonly limit: RateLimit;
  /** New claims. */
  readonly budget: HourlyBudget;
}

/** The owner's side of pairing. */
export function addOwnersClaims(members: App, { claims, budget, repeats }: ClaimServices): void {
  const { preHandler, onSend } = once(repeats);
  members.post(
    "/v1/claims",
    {
      onRequest: ownersOnly,
      preHandler: [preHandler, spending(members, budget)],
      onSend,
      schema: {
        operationId: "makeClaim",
        summary: "A one-time pairing right, by its id only; the secret stays with the owner",
        tags: ["claims"],
        headers: createHeaders,
        body: contract.claimBody,
        response: { 201: contract.claimView },
      },
    },
    async (request, reply) => {
      const { household } = sessionOf(request);
      const { claimId, charter, expiresAt } = request.body;
      const end = parseTime(expiresAt);
      if (end === undefined) throw new Problem("malformed-request");
      const beside = answering(request, reply.code(201), shown);
      const made = demand(await claims.make({ claimId, household, charter, expiresAt: end }, beside));
      return reply.send(shown(made));
    },
  );

  members.get(
    "/v1/claims/:claimId",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "getClaim",
        summary: "Whether a board has answered, and with which keys",
        tags: ["claims"],
        params: contract.claimParams,
        response: { 200: contract.claimView },
      },
    },
    async (request) => {
      return shown(found(await claims.view(sessionOf(request).household, request.params.claimId)));
    },
  );
}

function shown(view: ClaimView) {
  return { ...view, expiresAt: timeTextOf(view.expiresAt) };
}

/** The board's side: no token, its answer's MAC stands for it. */
export function addBoardsClaims(app: App, services: ClaimServices): void {
  const { claims, authority, mqttUrl, vaultKey, limit } = services;
  app.post(
    "/v1/claims/:claimId/answer",
    {
      config: limit,
      schema: {
        operationId: "answerClaim",
        summary: "A board's keys, once per claim",
        tags: ["claims"],
        params: contract.claimParams,
        body: contract.claimAnswer,
        response: { 202: contract.claimAnswered },
      },
    },
    async ({ params, body }, reply) => {
      demand(await claims.answer(params.claimId, body));
      return reply.code(202).send({ state: "answered" });
    },
  );

  app.get(
    "/v1/claims/:claimId/enrolment",
    {
      config: limit,
      schema: {
        operationId: "getEnrolment",
        summary: "What a board needs, once an owner has signed it in; 202 until then",
        tags: ["claims"],
        params: contract.claimParams,
        headers: contract.enrolmentHeaders,
        response: { 200: contract.enrolment, 202: contract.enrolmentWaiting },
      },
    },
    async ({ params, headers }, reply) => {
      const enrolment = demand(await claims.enrolment(params.claimId, headers["lintel-answer"]));
      if (enrolment === "waiting") return reply.code(202).send({ state: "waiting" });
      const { camera, tlsKey, pinned, charters } = enrolment;
      return reply.code(200).send({
        camera,
        pinned: writable(pinned),
        charters: charters.map(writable),
        certificate: await authority.certify(camera, tlsKey),
        ca: authority.caPem,
        mqttUrl: mqttUrl(),
        vaultKey,
      });
    },
  );
}
