import type { CharterWriter } from "../../household/charters.io.js";
import type { Repeats } from "../../household/repeats.io.js";
import type { AccessToken, AccessTokens, MadeToken } from "../../household/tokens.io.js";
import type { App } from "../app.js";
import { createHeaders, listQuery, nothing } from "../contract/common.js";
import * as contract from "../contract/sessions.js";
import { endWithMembership } from "../membership.js";
import { newestFirst } from "../page.js";
import { answering, once } from "../plugins/repeats.js";
import { keySessionsOnly, sessionOf } from "../plugins/session.js";
import { demand, found } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface TokenServices {
  readonly tokens: AccessTokens;
  readonly repeats: Repeats;
  readonly charters: CharterWriter;
}

/** Personal access tokens: made, seen and ended by a signed-in member, never through another token. */
export function addAccessTokens(members: App, { tokens, charters, repeats }: TokenServices): void {
  endWithMembership(charters, tokens);

  members.post(
    "/v1/tokens",
    {
      ...once(repeats),
      onRequest: keySessionsOnly,
      schema: {
        operationId: "makeToken",
        summary: "A token for a script, good for some scopes and days; its secret is shown here only",
        tags: ["login"],
        headers: createHeaders,
        body: contract.tokenBody,
        response: { 201: contract.tokenMade },
      },
    },
    async (request, reply) => {
      const made = (token: MadeToken) => ({ ...shown(token), token: token.secret });
      const beside = answering(request, reply.code(201), made);
      return reply.send(made(demand(await tokens.make(sessionOf(request), request.body, beside))));
    },
  );

  members.get(
    "/v1/tokens",
    {
      schema: {
        operationId: "listTokens",
        summary: "The member's own tokens, newest first, without their secrets",
        tags: ["login"],
        querystring: listQuery,
        response: { 200: contract.tokenList },
      },
    },
    async (request) => {
      const all = (await tokens.list(sessionOf(request))).map(shown);
      const { items, rest } = newestFirst(all, request.query);
      return { tokens: items, ...rest };
    },
  );

  members.delete(
    "/v1/tokens/:token",
    {
      schema: {
        operationId: "endToken",
        summary: "Ends one of the member's own tokens at once, with its live streams",
        tags: ["login"],
        params: contract.tokenParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const ended = await tokens.end(sessionOf(request), request.params.token);
      found(ended ? true : undefined);
      return reply.code(204).send(null);
    },
  );
}

function shown({ id, name, scopes, madeAt, usedAt, expiresAt }: AccessToken) {
  const times = { madeAt: timeTextOf(madeAt), expiresAt: timeTextOf(expiresAt) };
  return {
    id,
    name,
    scopes: [...scopes],
    ...times,
    ...(usedAt !== undefined && { usedAt: timeTextOf(usedAt) }),
  };
}
