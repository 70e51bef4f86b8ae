import Type from "typebox";
import { processTypes } from "../../legal/scope.js";
import { courseId } from "./accesses.js";
import { cameraId, closed, hash, keyId, time } from "./common.js";
import { fileNumber } from "./orders.js";

const linesMax = 16;
const data = Type.Enum(["metadata", "content"]);
const line = {
  data,
  camera: Type.Optional(cameraId),
  from: Type.Optional(time),
  to: Type.Optional(time),
  indoor: Type.Optional(Type.Boolean({ description: "The line says by itself that the camera is indoors" })),
};
export const processBody = Type.Object(
  {
    file: fileNumber,
    type: Type.Enum([...processTypes]),
    items: Type.Array(Type.Object(line, closed), { minItems: 1, maxItems: linesMax }),
    returnBy: Type.Optional(Type.String({ ...time, description: "The date of return, where it names one" })),
    gagUntil: Type.Optional(
      Type.String({
        ...time,
        description: "Until when a court forbids to tell the household; always a date",
      }),
    ),
  },
  closed,
);
export const processParams = Type.Object({ process: courseId }, closed);
const place = Type.Integer({ minimum: 0, maximum: linesMax - 1, description: "A line's place, from 0" });
const keep = Type.Array(place, { maxItems: linesMax, uniqueItems: true });
const verdict = Type.Enum(["produce", "reject", "challenge"]);
export const proposalBody = Type.Object({ verdict, keep: Type.Optional(keep) }, closed);
export const processAnswerBody = Type.Object(
  {
    answer: Type.Enum(["confirm", "object"]),
    proposal: Type.String({ ...hash, description: "The hash of the proposal that was looked at" }),
  },
  closed,
);

const facts = {
  id: courseId,
  state: Type.String({ pattern: "^[a-z-]+$" }),
  ...{ agency: keyId("An agency's id"), file: fileNumber, type: Type.Enum([...processTypes]) },
  receivedAt: time,
  kept: Type.Array(place, { description: "The lines that are answered" }),
  dueAt: Type.Optional(time),
  returnBy: Type.Optional(time),
  gagUntil: Type.Optional(time),
};
export const agencysProcess = Type.Object({ ...facts, items: Type.Array(Type.Object(line, closed)) }, closed);
export const operatorsProcess = Type.Object(
  {
    ...facts,
    items: Type.Array(
      Type.Object(
        {
          ...line,
          known: Type.Boolean({ description: "This cloud knows the camera" }),
          fault: Type.Optional(Type.String({ description: "Why the line reaches nothing" })),
        },
        closed,
      ),
    ),
    proposed: Type.Optional(
      Type.Object(
        {
          ...{ by: keyId("An operator's id"), verdict, keep: Type.Array(place) },
          hash: Type.String({ ...hash, description: "By which an answer names it" }),
        },
        closed,
      ),
    ),
    notified: Type.Boolean(),
  },
  closed,
);
const next = Type.Optional(Type.String({ description: "`cursor` of the next page; absent on the last one" }));
export const agencysProcesses = Type.Object({ processes: Type.Array(agencysProcess), next }, closed);
export const operatorsProcesses = Type.Object({ processes: Type.Array(operatorsProcess), next }, closed);
