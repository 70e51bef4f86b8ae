import Type from "typebox";
import { pressureKinds } from "../../../shared/release/pressure.js";
import { courseId } from "./accesses.js";
import { closed, keyId, listNext, note, time } from "./common.js";

const file = Type.String({
  minLength: 2_900,
  maxLength: 16_384,
  pattern: "^YWdlLWVuY3J5cHRpb24[A-Za-z0-9+/]*={0,2}$",
  description: "Base64 of the age file that the note names: 2 KiB and its header, sealed to the operators",
});
/** What a member sends: `pressure/v1`, and what happened in their own words. */
export const pressureBody = Type.Object({ note, file }, closed);
export const pressureParams = Type.Object({ pressure: courseId }, closed);
const finding = Type.Enum(["upheld", "not-upheld"]);
export const pressureFindingBody = Type.Object({ finding }, closed);
export const pressureText = Type.Object({ file }, closed);

const facts = {
  id: courseId,
  state: Type.Enum(["received", "upheld", "not-upheld", "acted-on"]),
  agency: keyId("An agency's id"),
  kind: Type.Enum([...pressureKinds]),
  at: Type.String({ ...time, description: "When it happened" }),
  about: Type.Optional({ ...courseId, description: "The request or order that it was about" }),
  receivedAt: time,
  until: Type.Optional(
    Type.String({ ...time, description: "When it takes effect: one time for all agencies" }),
  ),
};
export const membersPressure = Type.Object(facts, closed);
export const membersPressures = Type.Object(
  { pressures: Type.Array(membersPressure), next: listNext },
  closed,
);
/** As operators see it: nothing of whose it is. */
export const operatorsPressure = Type.Object(
  {
    ...facts,
    findings: Type.Array(Type.Object({ by: keyId("An operator's id"), finding }, closed), {
      description: "What each operator found last; two alike decide",
    }),
  },
  closed,
);
export const operatorsPressures = Type.Object(
  { pressures: Type.Array(operatorsPressure), next: listNext },
  closed,
);

export const board = Type.Object(
  {
    operators: Type.Array(
      Type.String({ description: "A line of the operators' file: public keys and a name" }),
      {
        description: "To whom a report is sealed",
      },
    ),
  },
  closed,
);
