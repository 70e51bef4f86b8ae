import type { CharterReader } from "../../household/charters.io.js";
import type { Farewell } from "../../household/farewell.io.js";
import type { Logins } from "../../household/logins.io.js";
import type { Sessions } from "../../household/sessions.io.js";
import type { AccessTokens } from "../../household/tokens.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import { loginBody } from "../contract/sessions.js";
import type { RateLimit } from "../plugins/ratelimit.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";

export interface FarewellServices {
  readonly farewell: Farewell;
  readonly charters: CharterReader;
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly tokens: AccessTokens;
  readonly audiences: () => readonly string[];
  readonly limit: RateLimit;
}

/** How a household leaves this cloud. A session alone is not enough: an owner's key signs once more. */
export function addFarewell(members: App, services: FarewellServices): void {
  const { farewell, charters, logins, sessions, tokens, audiences, limit } = services;
  members.delete(
    "/v1/household",
    {
      config: limit,
      onRequest: ownersOnly,
      schema: {
        operationId: "deleteHousehold",
        summary:
          "Deletes the household with everything that is stored of it, for an owner's fresh login note",
        tags: ["household"],
        body: loginBody,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { household, member } = sessionOf(request);
      const signed = demand(await logins.login(request.body.note, audiences()));
      if (signed.household !== household || signed.member !== member) throw new Problem("login-refused");
      const { change, members: named } = found(await charters.current(household));
      const owners = named.filter(({ role }) => role === "owner");
      if (change !== "any-owner" && owners.length > 1) throw new Problem("owners-must-agree");
      if (await farewell.isHeld(household)) throw new Problem("order-keeps-recordings");
      // First, so that live streams end; whoever was cut off here signs in again and repeats it.
      await sessions.keepOnly(household, []);
      await tokens.keepOnly(household, []);
      await farewell.leave(household);
      return reply.code(204).send(null);
    },
  );
}
