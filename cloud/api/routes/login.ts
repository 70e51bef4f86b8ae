import { millis } from "../../../shared/kernel/brand.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import type { CharterReader, CharterWriter } from "../../household/charters.io.js";
import type { Logins } from "../../household/logins.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/household.js";
import { householdIdIn, memberIdIn } from "../ids.js";
import { type HourlyBudget, type RateLimit, spending } from "../plugins/ratelimit.js";
import { tokenSeconds } from "../plugins/session.js";
import { demand, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface LoginServices {
  readonly charters: CharterReader & CharterWriter;
  readonly logins: Logins;
  readonly clock: Clock;
  /** This cloud's own origins. */
  readonly audiences: () => readonly string[];
  readonly openRegistration: boolean;
  readonly limit: RateLimit;
  /** New households. */
  readonly budget: HourlyBudget;
}

/** How a household and its members come in; without a token. */
export function addLogin(app: App, services: LoginServices): void {
  const { charters, logins, clock, audiences, openRegistration, limit, budget } = services;
  app.post(
    "/v1/households",
    {
      config: limit,
      preHandler: spending(app, budget),
      schema: {
        operationId: "registerHousehold",
        summary: "Registers a household with its first charter",
        tags: ["household"],
        body: contract.registerBody,
        response: { 201: contract.registered },
      },
    },
    async ({ body }, reply) => {
      if (!openRegistration) throw new Problem("registration-closed");
      const household = demand(await charters.register(body.charter));
      return reply.code(201).send({ household });
    },
  );

  app.post(
    "/v1/login/challenge",
    {
      config: limit,
      schema: {
        operationId: "challengeLogin",
        summary: "A nonce for a member to sign; the same for members that do not exist",
        tags: ["login"],
        body: contract.challengeBody,
        response: { 200: contract.challenge },
      },
    },
    async ({ body }) => {
      const { household, member } = body;
      const challenge = await logins.challenge(householdIdIn(household), memberIdIn(member));
      return { nonce: challenge.nonce, expiresAt: timeTextOf(challenge.expiresAt) };
    },
  );

  app.post(
    "/v1/login",
    {
      config: limit,
      schema: {
        operationId: "login",
        summary: "A token for a signed login note",
        tags: ["login"],
        body: contract.loginBody,
        response: { 200: contract.loggedIn },
      },
    },
    async ({ body }) => {
      const session = demand(await logins.login(body.note, audiences()));
      const expiresAt = millis(clock.wall() + tokenSeconds * 1_000);
      return { token: app.jwt.sign(session), expiresAt: timeTextOf(expiresAt) };
    },
  );
}
