import type { Custody } from "../../vault/custody.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/clips.js";
import { clipIdIn } from "../ids.js";
import { sessionOf } from "../plugins/session.js";
import type { Sight } from "../sight.js";
import { timeTextOf } from "../time.js";

const defaultLimit = 50;

/** Who did what to which clip, for the whole household: each member sees it of the cameras that they see. */
export function addAudit(members: App, { custody, sight }: { custody: Custody; sight: Sight }): void {
  members.get(
    "/v1/audit",
    {
      schema: {
        operationId: "listCustody",
        summary: "Who opened, looked at, kept or deleted which clip, newest first",
        tags: ["household"],
        querystring: contract.custodyQuery,
        response: { 200: contract.custodyPage },
      },
    },
    async (request) => {
      const { limit = defaultLimit, cursor, clip } = request.query;
      const session = sessionOf(request);
      const { items, next } = await custody.list(session.household, {
        limit,
        cursor,
        clip: clip === undefined ? undefined : clipIdIn(clip),
        cameras: await sight.narrowed(session),
      });
      const entries = items.map(({ at, ...entry }) => ({ ...entry, at: timeTextOf(at) }));
      return next === undefined ? { entries } : { entries, next };
    },
  );
}
