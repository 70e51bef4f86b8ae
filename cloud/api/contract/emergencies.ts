import Type from "typebox";
import { dangers } from "../../../shared/release/emergency.js";
import { courseId } from "./accesses.js";
import { cameraId, closed, hash, keyId, note, time } from "./common.js";
import { fileNumber } from "./orders.js";
import { feedAgency, feedRequest } from "./releases.js";

const danger = Type.Enum([...dangers]);
export const emergencyParams = Type.Object({ emergency: courseId }, closed);
export const paperBody = Type.Object(
  { paper: Type.String({ ...hash, description: "SHA-256 of the court's paper, base64" }) },
  closed,
);
export const emergencyAnswerBody = Type.Object({ answer: Type.Enum(["agree", "deny"]) }, closed);
export const findingBody = Type.Object({ genuine: Type.Boolean() }, closed);

export const emergency = Type.Object(
  {
    id: courseId,
    state: Type.Enum([
      ...[
        "claimed",
        "cosigned",
        "called-back",
        "denied",
        "asked",
        "released",
        "not-released",
        "confirmed",
        "unconfirmed",
      ],
    ]),
    ...{ agency: keyId("An agency's id"), file: fileNumber, danger, camera: cameraId, from: time, to: time },
    claimedAt: time,
    until: Type.Optional(Type.String({ ...time, description: "When it moves by itself" })),
    paper: Type.Optional(hash),
    note: Type.Optional({ ...note, description: "emergency/v1, as signed: its agency's people see it" }),
  },
  closed,
);
const next = Type.Optional(Type.String({ description: "`cursor` of the next page; absent on the last one" }));
export const emergencies = Type.Object({ emergencies: Type.Array(emergency), next }, closed);

/** What the household is asked now, with all that its clients need to believe it: in the form of the feed. */
export const ownEmergencies = Type.Object(
  {
    emergencies: Type.Array(
      Type.Object(
        {
          ...feedRequest.properties,
          salt: Type.String({ description: "Behind the hash of the log's entry" }),
        },
        closed,
      ),
    ),
    agencies: Type.Array(feedAgency, { description: "Those that ask in it" }),
  },
  closed,
);

export const ownersWord = Type.Object(
  {
    note,
    file: Type.String({
      minLength: 5_600,
      maxLength: 24_576,
      pattern: "^YWdlLWVuY3J5cHRpb24[A-Za-z0-9+/]*={0,2}$",
      description: "Base64 of the age file that the note names: 4 KiB and its header",
    }),
  },
  closed,
);
export const ownersWords = Type.Object({ words: Type.Array(ownersWord) }, closed);
