import type { FastifyRequest, onSendAsyncHookHandler, preHandlerAsyncHookHandler } from "fastify";
import { hashOfText } from "../../../shared/seal/hash.js";
import type { RepeatName, Repeats } from "../../household/repeats.io.js";
import { Problem } from "../problems.js";
import { sessionOf } from "./session.js";

/** A member's creation under way that carried a key. */
const underWay = new WeakMap<FastifyRequest, RepeatName>();

/** For a creating route under `membersOnly`: what came with an Idempotency-Key is done once, and answered alike each time. */
export function once(repeats: Repeats): {
  readonly preHandler: preHandlerAsyncHookHandler;
  readonly onSend: onSendAsyncHookHandler;
} {
  return {
    async preHandler(request, reply) {
      const key = request.headers["idempotency-key"];
      if (typeof key !== "string") return;
      const { household, member } = sessionOf(request);
      const name = { household, member, key };
      const asked = `${request.method} ${request.url}\n${JSON.stringify(request.body)}`;
      const begun = await repeats.begin(name, hashOfText(asked));
      if (begun.kind === "other") throw new Problem("key-used-otherwise");
      if (begun.kind === "under-way") throw new Problem("key-under-way");
      if (begun.kind === "fresh") underWay.set(request, name);
      else
        return reply
          .code(begun.status)
          .header("idempotency-replayed", "true")
          .type("application/json")
          .serializer((text: unknown) => String(text))
          .send(begun.answer);
    },
    async onSend(request, reply, payload) {
      const name = underWay.get(request);
      if (name === undefined) return payload;
      underWay.delete(request);
      if (reply.statusCode < 400 && typeof payload === "string")
        await repeats.end(name, { status: reply.statusCode, answer: payload });
      else await repeats.drop(name);
      return payload;
    },
  };
}
