import type {
  FastifyReply,
  FastifyRequest,
  onSendAsyncHookHandler,
  preHandlerAsyncHookHandler,
} from "fastify";
import { assert } from "../../../shared/kernel/assert.js";
import { type Hash, hashOfText } from "../../../shared/seal/hash.js";
import type { Beside } from "../../beside.io.js";
import type { RepeatName, Repeats } from "../../household/repeats.io.js";
import { Problem } from "../problems.js";
import { sessionOf } from "./session.js";

/** A member's creation under way that carried a key. */
interface UnderWay {
  readonly repeats: Repeats;
  readonly name: RepeatName;
  readonly asked: Hash;
  written: boolean;
}
const underWay = new WeakMap<FastifyRequest, UnderWay>();

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
      const asked = hashOfText(`${request.method} ${request.url}\n${JSON.stringify(request.body)}`);
      const begun = await repeats.begin(name, asked);
      if (begun.kind === "other") throw new Problem("key-used-otherwise");
      if (begun.kind === "under-way") throw new Problem("key-under-way");
      if (begun.kind === "fresh") underWay.set(request, { repeats, name, asked, written: false });
      else
        return reply
          .code(begun.status)
          .header("idempotency-replayed", "true")
          .type("application/json")
          .serializer((text: unknown) => String(text))
          .send(begun.answer);
    },
    async onSend(request, reply, payload) {
      const creation = underWay.get(request);
      underWay.delete(request);
      creation?.repeats.end(creation.name);
      assert(
        creation?.written !== false || reply.statusCode >= 400,
        "a creation's answer was not written beside it",
      );
      return payload;
    },
  };
}

/** The answer to what is made, for whoever makes it: written in the same transaction where the caller sent a key. */
export function answering<Made>(
  request: FastifyRequest,
  reply: FastifyReply,
  answerOf: (made: Made) => object,
): Beside<Made> {
  return (made) => {
    const creation = underWay.get(request);
    if (creation === undefined) return [];
    const { repeats, name, asked } = creation;
    creation.written = true;
    const answer = String(reply.serialize(answerOf(made)));
    return [repeats.answered(name, asked, { status: reply.statusCode, answer })];
  };
}
