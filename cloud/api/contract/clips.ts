import Type from "typebox";
import { statusSchema } from "../../../shared/protocol/messages.js";
import {
  bytesCount,
  cameraId,
  clipId,
  closed,
  cursor,
  eventId,
  hash,
  listNext,
  memberId,
  note,
  time,
} from "./common.js";

/** Clips or events on one page. */
const pageMax = 200;
const limit = Type.Integer({ minimum: 1, maximum: pageMax, default: 50 });
const next = Type.Optional(Type.String({ description: "The cursor of the next page; absent on the last" }));
const segmentIndex = Type.Integer({ minimum: 0, maximum: 255 });

const trigger = Type.Enum(["press", "motion"]);
const clipFacts = {
  id: clipId,
  camera: cameraId,
  recordedAt: time,
  arrivedAt: time,
  trigger: Type.Optional(trigger),
  state: Type.Enum(["recording", "complete", "interrupted"]),
  bytes: bytesCount,
  hasThumbnail: Type.Boolean({ description: "A sealed picture of it is here" }),
  kept: Type.Boolean({
    description:
      "Marked to be kept past the household's retention, up to the most days that this cloud allows (daysMax)",
  }),
};
export const clipQuery = Type.Object(
  {
    limit: Type.Optional(limit),
    cursor: Type.Optional(cursor),
    camera: Type.Optional(cameraId),
    trigger: Type.Optional(trigger),
    from: Type.Optional(time),
    to: Type.Optional(time),
  },
  closed,
);
export const clipPage = Type.Object(
  { clips: Type.Array(Type.Object({ ...clipFacts, segments: Type.Integer({ minimum: 0 }) }, closed)), next },
  closed,
);
export const clipParams = Type.Object({ clip: clipId }, closed);
export const clipDetail = Type.Object(
  {
    ...clipFacts,
    thumbnail: Type.Optional(
      Type.Object(
        {
          bytes: bytesCount,
          sha256: hash,
          note: Type.String({ description: "The camera's signed note, thumbnail/v1" }),
          arrivedAt: time,
        },
        closed,
      ),
    ),
    segments: Type.Array(
      Type.Object(
        {
          index: segmentIndex,
          bytes: bytesCount,
          sha256: hash,
          note: Type.String({ description: "The camera's signed ciphertext note, segment/v1" }),
          end: Type.Enum(["no", "complete", "interrupted"]),
          arrivedAt: time,
        },
        closed,
      ),
    ),
  },
  closed,
);
export const clipEvidence = Type.Object(
  {
    segments: Type.Array(
      Type.Object(
        {
          index: segmentIndex,
          note,
          path: Type.String({ description: "path/v1: from the note's text to the hash of the entry" }),
          entry: Type.String({ description: "entry/v1, of which the proof is" }),
          proof: Type.String({ description: "C2SP tlog-proof" }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export const segmentParams = Type.Object({ clip: clipId, index: segmentIndex }, closed);
export const segmentHeaders = Type.Object({
  range: Type.Optional(Type.String({ maxLength: 100, description: "One range of bytes, RFC 9110 §14.2" })),
  "if-none-match": Type.Optional(Type.String({ maxLength: 1_000 })),
  "if-range": Type.Optional(Type.String({ maxLength: 100 })),
});
const days = (description: string) => Type.Integer({ minimum: 1, maximum: 60, description });
export const retention = Type.Object(
  {
    days: days("From a clip's arrival until it ends"),
    daysMax: days("As many as this cloud allows"),
  },
  closed,
);
export const retentionBody = Type.Object({ days: days("From a clip's arrival until it ends") }, closed);
export const deleteBody = Type.Union([Type.Object({ note: Type.Optional(note) }, closed), Type.Null()]);

export const eventQuery = Type.Object({ limit: Type.Optional(limit), cursor: Type.Optional(cursor) }, closed);
export const eventPage = Type.Object(
  {
    events: Type.Array(
      Type.Object(
        {
          id: eventId,
          camera: cameraId,
          kind: Type.Enum(["press", "motion", "gap"]),
          at: time,
          arrivedAt: time,
          clip: Type.Optional(clipId),
          /** A gap: footage between these times is missing, and why. */
          from: Type.Optional(time),
          to: Type.Optional(time),
          reason: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    next,
  },
  closed,
);

export const custodyQuery = Type.Object(
  { limit: Type.Optional(limit), cursor: Type.Optional(cursor), clip: Type.Optional(clipId) },
  closed,
);
export const custodyPage = Type.Object(
  {
    entries: Type.Array(
      Type.Object(
        {
          id: eventId,
          at: time,
          act: Type.Enum(["opened", "looked", "kept", "let-go", "deleted", "shared", "seen-by-link"]),
          clip: clipId,
          camera: cameraId,
          member: memberId,
        },
        closed,
      ),
    ),
    next,
  },
  closed,
);

export const cameraParams = Type.Object({ camera: cameraId }, closed);
export const camera = Type.Object(
  {
    id: cameraId,
    name: Type.String(),
    place: Type.Enum(["outdoor", "indoor"]),
    epoch: Type.Integer({ minimum: 0 }),
    named: Type.Boolean({ description: "The newest charter names it; else only its old clips are left" }),
    identityConflict: Type.Boolean({ description: "Two devices held its identity within the last minutes" }),
    state: Type.Enum(["never-connected", "online", "offline"]),
    lastSeen: Type.Optional(time),
    charter: Type.Optional(Type.Integer({ minimum: 0, description: "The charter version that it follows" })),
    queueSegments: Type.Optional(Type.Integer({ minimum: 0, description: "Sealed, not yet acknowledged" })),
    queueBytes: Type.Optional(bytesCount),
    status: Type.Optional(statusSchema),
    mode: Type.Optional(
      Type.String({ description: "Its newest mode order, a C2SP signed note (not in lists)" }),
    ),
  },
  closed,
);
export const modeBody = Type.Object(
  {
    note: Type.String({
      minLength: 1,
      maxLength: 8_192,
      description: "A C2SP signed note of type mode/v1",
    }),
  },
  closed,
);
export const modeStored = Type.Object({ counter: Type.Integer({ minimum: 1 }) }, closed);
export const cameras = Type.Object({ cameras: Type.Array(camera), next: listNext }, closed);
