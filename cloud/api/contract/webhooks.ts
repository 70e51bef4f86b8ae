import Type from "typebox";
import { closed, listNext, time } from "./common.js";

const webhookId = Type.String({ format: "uuid", minLength: 36, maxLength: 36 });
const url = Type.String({ minLength: 8, maxLength: 2_000, description: "https, at a public address" });

const facts = { id: webhookId, url, madeAt: time, ended: Type.Boolean({ description: "It answered 410" }) };
export const webhookBody = Type.Object({ url }, closed);
export const webhookMade = Type.Object(
  {
    ...facts,
    secret: Type.String({ description: "whsec_…, for Standard Webhooks' signatures; never shown again" }),
  },
  closed,
);
export const webhooks = Type.Object(
  { webhooks: Type.Array(Type.Object(facts, closed)), next: listNext },
  closed,
);
export const webhookParams = Type.Object({ webhook: webhookId }, closed);
export const deliveries = Type.Object(
  {
    deliveries: Type.Array(
      Type.Object(
        {
          message: Type.String({ description: "`webhook-id` of each try" }),
          kind: Type.String(),
          madeAt: time,
          tries: Type.Integer(),
          state: Type.Enum(["waiting", "delivered", "given-up"]),
          answer: Type.Optional(Type.String({ description: "The last try's status, or why there was none" })),
        },
        closed,
      ),
    ),
    next: listNext,
  },
  closed,
);
export const tested = Type.Object({ message: Type.String() }, closed);
export const replayBody = Type.Object({ since: time }, closed);
export const replayed = Type.Object({ messages: Type.Integer({ minimum: 0 }) }, closed);
