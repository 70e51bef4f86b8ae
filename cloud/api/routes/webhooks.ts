import type { Repeats } from "../../household/repeats.io.js";
import type { MadeWebhook, Webhook, Webhooks } from "../../notify/webhooks.io.js";
import type { App } from "../app.js";
import { createHeaders, listQuery, nothing } from "../contract/common.js";
import * as contract from "../contract/webhooks.js";
import { pageOf } from "../page.js";
import { answering, once } from "../plugins/repeats.js";
import { keySessionsOnly, ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { parseTime, timeTextOf } from "../time.js";

export interface WebhookServices {
  readonly webhooks: Webhooks;
  readonly repeats: Repeats;
}

/** Tells the owners' own programs what happens: ids and times, never footage or a key. */
export function addWebhooks(members: App, services: WebhookServices): void {
  addList(members, services);
  addDeliveries(members, services);
}

function addList(members: App, { webhooks, repeats }: WebhookServices): void {
  const tags = ["webhooks"];
  members.post(
    "/v1/webhooks",
    {
      onRequest: [ownersOnly, keySessionsOnly],
      ...once(repeats),
      schema: {
        operationId: "addWebhook",
        summary: "Tells an address of presses, motion, gaps and ended clips; its secret is shown this once",
        tags,
        headers: createHeaders,
        body: contract.webhookBody,
        response: { 201: contract.webhookMade },
      },
    },
    async (request, reply) => {
      if (!URL.canParse(request.body.url)) throw new Problem("webhook-not-https");
      const { household } = sessionOf(request);
      const shown = (made: MadeWebhook) => ({ ...listed(made), secret: made.secret });
      const beside = answering(request, reply.code(201), shown);
      return reply.send(shown(demand(await webhooks.add(household, new URL(request.body.url), beside))));
    },
  );
  members.get(
    "/v1/webhooks",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "listWebhooks",
        summary: "The household's webhooks, 8 at most",
        tags,
        querystring: listQuery,
        response: { 200: contract.webhooks },
      },
    },
    async (request) => {
      const all = (await webhooks.list(sessionOf(request).household)).map(listed);
      const { items, rest } = pageOf(all, ({ madeAt, id }) => `${madeAt} ${id}`, request.query);
      return { webhooks: items, ...rest };
    },
  );
  members.delete(
    "/v1/webhooks/:webhook",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "removeWebhook",
        summary: "Tells it nothing more, not even what waits",
        tags,
        params: contract.webhookParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const removed = await webhooks.remove(sessionOf(request).household, request.params.webhook);
      if (!removed) throw new Problem("not-there");
      return reply.code(204).send(null);
    },
  );
}

function addDeliveries(members: App, { webhooks, repeats }: WebhookServices): void {
  const shared = { tags: ["webhooks"], params: contract.webhookParams };
  members.get(
    "/v1/webhooks/:webhook/deliveries",
    {
      onRequest: ownersOnly,
      schema: {
        ...shared,
        operationId: "listDeliveries",
        summary: "What was sent to it or waits, the newest 100 of the last 7 days",
        querystring: listQuery,
        response: { 200: contract.deliveries },
      },
    },
    async (request) => {
      const of = await webhooks.deliveries(sessionOf(request).household, request.params.webhook);
      const all = found(of).map(({ madeAt, ...told }) => ({ ...told, madeAt: timeTextOf(madeAt) }));
      const placeOf = ({ madeAt, message }: (typeof all)[number]) => `${madeAt} ${message}`;
      const { items, rest } = pageOf(all, placeOf, request.query, "down");
      return { deliveries: items, ...rest };
    },
  );
  members.post(
    "/v1/webhooks/:webhook/test",
    {
      onRequest: ownersOnly,
      ...once(repeats),
      schema: {
        ...shared,
        operationId: "testWebhook",
        summary: "Sends a message of the type `test`",
        headers: createHeaders,
        response: { 202: contract.tested },
      },
    },
    async (request, reply) => {
      const beside = answering(request, reply.code(202), (message: string) => ({ message }));
      const message = await webhooks.test(sessionOf(request).household, request.params.webhook, beside);
      return reply.send({ message: found(message) });
    },
  );
  members.post(
    "/v1/webhooks/:webhook/replay",
    {
      onRequest: ownersOnly,
      ...once(repeats),
      schema: {
        ...shared,
        operationId: "replayWebhook",
        summary: "Sends again what happened since then, of the last 7 days, with the same ids",
        headers: createHeaders,
        body: contract.replayBody,
        response: { 202: contract.replayed },
      },
    },
    async (request, reply) => {
      const since = parseTime(request.body.since);
      if (since === undefined) throw new Problem("malformed-request");
      const { household } = sessionOf(request);
      const beside = answering(request, reply.code(202), (messages: number) => ({ messages }));
      const count = await webhooks.replay(household, request.params.webhook, since, beside);
      return reply.send({ messages: found(count) });
    },
  );
}

function listed({ id, url, madeAt, ended }: Webhook) {
  return { id, url, madeAt: timeTextOf(madeAt), ended };
}
