import Type, { type Static } from "typebox";
import { timeText } from "../../../shared/protocol/messages.js";

/** Items of one page at most, of a list that is small enough to be read whole. */
export const listMax = 200;

/** Objects in the contract have these properties and no others. */
export const closed = { additionalProperties: false } as const;

export const keyId = (what: string) =>
  Type.String({ pattern: "^[a-z2-7]{16}$", description: `${what}: 16 characters of base32` });
export const householdId = keyId("A household's id");
export const memberId = keyId("A member's id");
export const cameraId = keyId("A camera's id");
export const claimId = keyId("A claim's id");
const uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
export const clipId = Type.String({ pattern: uuid, description: "A clip's id, UUIDv7" });
export const eventId = Type.String({ pattern: uuid, description: "An event's id, UUIDv7" });
export const hash = Type.String({ pattern: "^[A-Za-z0-9+/]{43}=$", description: "SHA-256, base64" });
export const note = Type.String({ minLength: 1, maxLength: 65_536, description: "A C2SP signed note" });
export const time = timeText;
export const bytesCount = Type.Integer({ minimum: 0, description: "bytes" });
export const cursor = Type.String({ pattern: uuid, description: "`next` of the page before" });

/** Of a list that is small enough to come whole where nobody says otherwise. */
export const listQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: listMax, default: listMax })),
    cursor: Type.Optional(
      Type.String({ pattern: "^[A-Za-z0-9_-]{1,600}$", description: "`next` of the page before" }),
    ),
  },
  closed,
);
export const listNext = Type.Optional(
  Type.String({ description: "`cursor` of the next page; absent on the last one" }),
);

/** Of a route that answers 304 where the caller has the newest (RFC 9110 §13.1.2). */
export const readHeaders = Type.Object({ "if-none-match": Type.Optional(Type.String({ maxLength: 1_000 })) });
/** Of a route that changes something: refused where it has changed meanwhile (RFC 9110 §13.1.1). */
export const changeHeaders = Type.Object({
  "if-match": Type.Optional(
    Type.String({ maxLength: 1_000, description: "Only if this is still its ETag, as it was read" }),
  ),
});
/** Of a route that makes something. */
export const createHeaders = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({
      pattern: "^[!-~]{1,200}$",
      description:
        "Asked for again with the same key it is made once, and answered alike for a day; that answer is sealed under the key, which is not stored",
    }),
  ),
});
export const nothing = Type.Null({ description: "No body" });

/** RFC 9457. `type` is stable: clients decide by it. */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: "urn:lintel:problem:<kind>, stable" }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "What happened and what to do next" }),
    requestId: Type.String({ description: "Also in X-Request-Id and in the log" }),
  },
  { ...closed, $id: "Problem", title: "Problem" },
);
export type ProblemDocument = Static<typeof problemSchema>;
