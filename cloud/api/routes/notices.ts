import type { Notices, Told } from "../../legal/notices.io.js";
import type { App } from "../app.js";
import { coursesQuery } from "../contract/accesses.js";
import * as contract from "../contract/orders.js";
import type { Hub } from "../hub.js";
import { courseCursor } from "../page.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { timeTextOf } from "../time.js";

export interface NoticeServices {
  readonly notices: Notices;
}

/** Tells owners who look on that there is something to read. */
export function noticeTeller(hub: Hub): (notice: Told) => void {
  return ({ household, about, kind }) =>
    hub.publish({ household, kind: "notice", data: { about, notice: kind } });
}

/** What the household was told of orders about its recordings. */
export function addNotices(members: App, { notices }: NoticeServices): void {
  members.get(
    "/v1/household/notices",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "listNotices",
        summary: "What orders there are about the household's recordings, newest first",
        tags: ["household"],
        querystring: coursesQuery,
        response: { 200: contract.notices },
      },
    },
    async (request) => {
      const { household } = sessionOf(request);
      const { items, rest } = await courseCursor(request.query, (query) => notices.list(household, query));
      const shown = items.map(({ household: _own, at, items: asked, until, ...notice }) => ({
        ...{ ...notice, at: timeTextOf(at) },
        items: asked.map(({ from, to, ...item }) => ({
          ...{ ...item, from: timeTextOf(from), to: timeTextOf(to) },
        })),
        ...(until !== undefined && { until: timeTextOf(until) }),
      }));
      return { notices: shown, ...rest };
    },
  );
}
