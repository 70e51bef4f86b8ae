import type { VaultReader } from "../../vault/vault.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/clips.js";
import { sessionOf } from "../plugins/session.js";
import type { Sight } from "../sight.js";
import { timeTextOf } from "../time.js";

const defaultLimit = 50;

/** What happened at the door. */
export function addEvents(
  members: App,
  { vault, sight }: { vault: { readonly reader: VaultReader }; sight: Sight },
): void {
  members.get(
    "/v1/events",
    {
      schema: {
        operationId: "listEvents",
        summary: "Presses, motion and gaps, newest first",
        tags: ["events"],
        querystring: contract.eventQuery,
        response: { 200: contract.eventPage },
      },
    },
    async (request) => {
      const { limit = defaultLimit, cursor } = request.query;
      const session = sessionOf(request);
      const page = await vault.reader.events(session.household, {
        limit,
        cursor,
        cameras: await sight.narrowed(session),
      });
      const events = page.items.map(({ camera, arrivedAt, event: { v: _version, ...event } }) => ({
        ...event,
        camera,
        arrivedAt: timeTextOf(arrivedAt),
      }));
      return page.next === undefined ? { events } : { events, next: page.next };
    },
  );
}
