import Type from "typebox";
import { orderNoticeKinds } from "../../../shared/release/ordernotice.js";
import { courseId } from "./accesses.js";
import { cameraId, closed, keyId, time } from "./common.js";

export const orderParams = Type.Object({ order: courseId }, closed);
/** The agency's own number: nothing of it is shown to anybody but the parties. */
export const fileNumber = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}$",
  description: "The agency's own number",
});
const agency = keyId("An agency's id");
const next = Type.Optional(Type.String({ description: "`cursor` of the next page; absent on the last one" }));

export const preservationBody = Type.Object(
  { file: fileNumber, camera: cameraId, from: time, to: time },
  closed,
);
export const preservation = Type.Object(
  {
    id: courseId,
    state: Type.Enum(["asked", "unanswered", "denied", "active", "lapsed", "purged", "converted"]),
    ...{ agency, file: fileNumber, camera: cameraId, from: time, to: time, askedAt: time },
    until: Type.Optional(time),
    renewed: Type.Optional(Type.Boolean()),
  },
  closed,
);
export const preservations = Type.Object({ preservations: Type.Array(preservation), next }, closed);

export const callBackBody = Type.Object(
  {
    called: Type.String({
      pattern: "^\\+[1-9][0-9]{6,14}$",
      description: "The number that was dialled, E.164",
    }),
    authentic: Type.Boolean({ description: "Whether the agency confirmed it there" }),
  },
  closed,
);

export const queue = Type.Object(
  {
    waiting: Type.Array(
      Type.Object(
        {
          id: courseId,
          what: Type.Enum(["access", "preservation", "process", "emergency", "pressure"]),
          state: Type.String(),
          since: time,
          agency: Type.Optional(agency),
          name: Type.Optional(Type.String({ description: "The agency's, by its agreement in force" })),
          phone: Type.Optional(Type.String({ description: "To call back: the registry's, no other" })),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const notices = Type.Object(
  {
    notices: Type.Array(
      Type.Object(
        {
          id: courseId,
          at: time,
          kind: Type.Enum([...orderNoticeKinds]),
          about: courseId,
          ...{ agency: Type.String(), file: Type.String() },
          items: Type.Array(
            Type.Object(
              {
                data: Type.Enum(["metadata", "content"]),
                ...{ camera: Type.String(), from: time, to: time },
              },
              closed,
            ),
          ),
          until: Type.Optional(time),
          salt: Type.String({ description: "With it the hashes of the public log's entries can be made" }),
        },
        closed,
      ),
    ),
    next,
  },
  closed,
);
