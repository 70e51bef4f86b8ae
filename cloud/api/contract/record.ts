import Type from "typebox";
import { closed, keyId, time } from "./common.js";
import { fault } from "./releases.js";

const agency = keyId("An agency's id");
const index = Type.Integer({ minimum: 0, description: "Of its entry in the public log" });

export const statistics = Type.Object(
  {
    requests: Type.Array(
      Type.Object(
        {
          agency,
          name: Type.String(),
          category: Type.String(),
          month: Type.String(),
          requests: Type.Integer(),
        },
        closed,
      ),
      { description: "By the month in which they were submitted" },
    ),
    releases: Type.Array(
      Type.Object(
        {
          day: Type.String(),
          acts: Type.String({ description: "none, under-10, from-10, from-25 or from-50" }),
          index,
        },
        closed,
      ),
      {
        description: "Batches of what became of releases, newest first; there is one a day, also of nothing",
      },
    ),
    pressure: Type.String({
      description:
        "Reports of pressure that the review board upheld and that have had their effect, in 400 days: none, under-10, from-10, from-25 or from-50. Changes once in 28 days",
    }),
  },
  closed,
);

export const overdue = Type.Object(
  {
    overdue: Type.Array(Type.Object({ agency, name: Type.String(), since: time }, closed), {
      description: "Owe a disposal that was asked for",
    }),
    named: Type.Array(
      Type.Object(
        { agency, name: Type.String(), state: Type.String(), since: time, why: Type.Optional(fault) },
        closed,
      ),
    ),
  },
  closed,
);

export const reportQuery = Type.Object({ year: Type.Integer({ minimum: 2020, maximum: 9_999 }) }, closed);
