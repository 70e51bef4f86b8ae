import Type from "typebox";
import { accessMinutesMax, metadataKinds } from "../../operator/access.js";
import { bytesCount, cameraId, clipId, closed, hash, householdId, keyId, memberId, time } from "./common.js";

const uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
export const courseId = Type.String({ pattern: uuid, description: "UUIDv7" });
const officerId = keyId("An operator's id");
const metadataKind = Type.Enum([...metadataKinds]);
const scope = Type.Array(metadataKind, { minItems: 1, maxItems: metadataKinds.length, uniqueItems: true });
const finding = Type.Enum(["in-order", "not-in-order"]);

export const coursesQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ pattern: uuid, description: "`next` of the page before" })),
  },
  closed,
);

export const accessBody = Type.Object(
  {
    household: householdId,
    ticket: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._#-]{0,63}$", description: "Why, by number" }),
    scope,
    minutes: Type.Integer({ minimum: 1, maximum: accessMinutesMax }),
  },
  closed,
);
export const accessParams = Type.Object({ access: courseId }, closed);
export const answerBody = Type.Object({ answer: Type.Enum(["approve", "refuse"]) }, closed);
export const reviewBody = Type.Object({ finding }, closed);
export const readParams = Type.Object({ access: courseId, kind: metadataKind }, closed);

const person = Type.Object({ id: officerId, name: Type.Optional(Type.String()) }, closed);
const accessFacts = {
  id: courseId,
  state: Type.Enum(["requested", "refused", "lapsed", "active", "expired", "reviewed"]),
  ticket: Type.String(),
  scope,
  minutes: Type.Integer(),
  askedAt: time,
  by: person,
  second: Type.Optional(person),
  until: Type.Optional(time),
  reviewer: Type.Optional(person),
  finding: Type.Optional(finding),
};
const next = Type.Optional(Type.String({ description: "`cursor` of the next page; absent on the last one" }));
export const operatorsAccess = Type.Object({ ...accessFacts, household: householdId }, closed);
export const operatorsAccesses = Type.Object({ accesses: Type.Array(operatorsAccess), next }, closed);
export const householdsAccesses = Type.Object(
  {
    accesses: Type.Array(
      Type.Object(
        {
          ...accessFacts,
          salt: Type.String({ description: "With it the hash of the public log's entries can be made" }),
          hash: Type.String({ ...hash, description: "Of the entry of its state in the public log" }),
          reads: Type.Array(Type.Object({ kind: metadataKind, at: time }, closed)),
        },
        closed,
      ),
    ),
    next,
  },
  closed,
);

export const metadata = Type.Object(
  {
    members: Type.Optional(Type.Array(Type.Object({ id: memberId, role: Type.String() }, closed))),
    cameras: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ...{ id: cameraId, place: Type.String(), epoch: Type.Integer(), named: Type.Boolean() },
            seenAt: Type.Optional(time),
          },
          closed,
        ),
      ),
    ),
    clips: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ...{ id: clipId, camera: cameraId, arrivedAt: time },
            ...{ segments: Type.Integer(), bytes: bytesCount },
          },
          closed,
        ),
      ),
    ),
    storage: Type.Optional(
      Type.Object(
        {
          ...{ clips: Type.Integer(), bytes: bytesCount },
          retentionDays: Type.Optional(Type.Integer()),
        },
        closed,
      ),
    ),
  },
  closed,
);
