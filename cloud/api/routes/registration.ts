import type { CharterReader, CharterWriter } from "../../household/charters.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/household.js";
import { type HourlyBudget, type RateLimit, spending } from "../plugins/ratelimit.js";
import { demand, Problem } from "../problems.js";

export interface RegistrationServices {
  readonly charters: CharterReader & CharterWriter;
  readonly openRegistration: boolean;
  readonly limit: RateLimit;
  /** New households. */
  readonly budget: HourlyBudget;
}

/** How a household comes in; without a token. */
export function addRegistration(app: App, services: RegistrationServices): void {
  const { charters, openRegistration, limit, budget } = services;
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
}
