import Type from "typebox";
import { entryKinds } from "../../../shared/tlog/entry.js";
import { closed, hash, time } from "./common.js";

/** Entries on one page. */
const entriesMax = 500;
/** Ids that one call may ask for. */
const idsMax = 50;

const word = "[a-z0-9][a-z0-9._-]{0,63}";
const entryId = Type.String({ pattern: `^${word}$` });
const index = Type.Integer({ minimum: 0, description: "The entry's place in the log" });

export const entriesQuery = Type.Object(
  {
    kind: Type.Optional(Type.Enum([...entryKinds])),
    agency: Type.Optional(entryId),
    id: Type.Optional(
      Type.String({
        pattern: `^${word}(,${word}){0,${idsMax - 1}}$`,
        maxLength: 64 * idsMax + idsMax,
        description: `Of what an entry is about; up to ${idsMax}, with commas between`,
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: entriesMax, default: 100 })),
    cursor: Type.Optional(Type.String({ pattern: "^\\d{1,16}$", description: "`next` of the page before" })),
  },
  closed,
);
export const entriesPage = Type.Object(
  {
    entries: Type.Array(
      Type.Object(
        {
          index,
          kind: Type.Enum([...entryKinds]),
          id: entryId,
          at: time,
          agency: Type.String({ description: "An agency's id, or `none`" }),
          state: Type.String(),
          hash,
        },
        closed,
      ),
    ),
    next: Type.Optional(Type.String({ description: "`cursor` of the next page; absent on the last one" })),
  },
  closed,
);
export const proofParams = Type.Object({ index: Type.String({ pattern: "^\\d{1,16}$" }) }, closed);
export const tileParams = Type.Record(Type.String(), Type.String({ maxLength: 100 }));
