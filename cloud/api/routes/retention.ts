import type { VaultKeeper } from "../../vault/vault.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/clips.js";
import { changeHeaders, nothing, readHeaders } from "../contract/common.js";
import { demandUnchanged, isUnchanged } from "../etag.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { Problem } from "../problems.js";

/** For how long the household's clips are kept. */
export function addRetention(members: App, keeper: VaultKeeper): void {
  members.get(
    "/v1/household/retention",
    {
      schema: {
        operationId: "getRetention",
        summary: "For how many days clips are kept, and for how many they may be",
        tags: ["household"],
        headers: readHeaders,
        response: { 200: contract.retention, 304: nothing },
      },
    },
    async (request, reply) => {
      const body = await keeper.retention(sessionOf(request).household);
      return isUnchanged(request, reply, body) ? reply.send(null) : body;
    },
  );

  members.put(
    "/v1/household/retention",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "putRetention",
        summary:
          "Keeps clips for so many days: at the next sweep, within the hour, older ones without a mark end",
        tags: ["household"],
        headers: changeHeaders,
        body: contract.retentionBody,
        response: { 200: contract.retention },
      },
    },
    async (request, reply) => {
      const { household } = sessionOf(request);
      const before = await keeper.retention(household);
      demandUnchanged(request, before);
      if (request.body.days > before.daysMax) throw new Problem("retention-too-long");
      const body = await keeper.choose(household, request.body.days);
      isUnchanged({ headers: {} }, reply, body);
      return body;
    },
  );
}
