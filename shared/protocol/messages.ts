import Type, { type Static, type TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { takesMax } from "../clip/thumbnail.js";
import { fromUtf8, toUtf8 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";

/** Largest JSON message in either direction; a charter chain of 32 members is the largest in practice. */
export const jsonBytesMax = 256 * 1024;

const uuid = Type.String({
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
});
const note = Type.String({ minLength: 1, maxLength: 65_536 });
/** RFC 3339, UTC, with milliseconds. */
export const timeText = Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$" });
const segmentIndex = Type.Integer({ minimum: 0, maximum: 255 });
const closed = { additionalProperties: false } as const;

/** `up/init`: here is a segment; what of it have you got? Everything else about it stands in the signed note. */
export const initSchema = Type.Object(
  {
    v: Type.Literal(1),
    note,
    /** Base64 of the age header, which travels here and in no chunk; empty for a closing segment without bytes. */
    header: Type.String({ maxLength: 12_288 }),
  },
  closed,
);

/** `down/clip`, answer to init and chunks: `stored` bytes of the body are here, in order; `credit` bytes more may come. */
export const progressSchema = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Literal("progress"),
    clip: uuid,
    segment: segmentIndex,
    /** The ingest node to which this segment's chunks go. */
    node: Type.String({ pattern: "^[a-z0-9-]{1,23}$" }),
    stored: Type.Integer({ minimum: 0 }),
    credit: Type.Integer({ minimum: 0 }),
  },
  closed,
);

/** `down/clip`: the vault has the segment durably; the receipt is the vault's signed word for it. */
const doneSchema = Type.Object(
  { v: Type.Literal(1), kind: Type.Literal("done"), clip: uuid, segment: segmentIndex, receipt: note },
  closed,
);

/**
 * `down/clip` refusals, a closed list, with what the camera does on each:
 * `unknown-camera` waits for its charter and asks again; `forged` (the note's signature or fields do not hold) checks its own
 * copy and sets it aside when that is damaged; `damaged` (the bytes do not match the note) checks its own copy, then sends it
 * from the start; `full` and `busy` wait with growing pauses; `conflict` (the vault holds another segment in this place) keeps
 * its copy, unacknowledged, and asks again after a restart: an unsigned word frees nothing; `deleted` (the household deleted the clip) waits for the signed deletion and sends no more.
 */
export const refusalCodes = [
  "unknown-camera",
  "forged",
  "damaged",
  "full",
  "busy",
  "conflict",
  "deleted",
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

const refusedSchema = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Literal("refused"),
    clip: uuid,
    segment: segmentIndex,
    code: Type.Enum(refusalCodes),
  },
  closed,
);

export const clipAnswerSchema = Type.Union([progressSchema, doneSchema, refusedSchema]);

/**
 * `up/thumb`: a clip's sealed picture, whole, within 64 KiB. Repeated until `down/thumb` names its clip and take; nothing durable
 * waits for that answer.
 */
export const thumbnailSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** Signed, thumbnail/v1. */
    note: Type.String({ minLength: 1, maxLength: 2_048 }),
    /** Base64 of the age header, for one recipient. */
    header: Type.String({ minLength: 1, maxLength: 1_024 }),
    /** Base64 of the age file's rest. */
    body: Type.String({ minLength: 1, maxLength: 60_076 }),
  },
  closed,
);

/**
 * `down/thumb`, with what the camera does on each: `stored` (durable, or a later take is) forgets its copy, as on `forged`, `damaged`,
 * `conflict` (the vault holds another picture as this take, or another camera's clip) and `deleted`; `no-clip` (nothing of the
 * clip is stored yet) sends it again when a segment was acknowledged; `unknown-camera`, `full` and `busy` wait with growing pauses.
 */
export const thumbnailAnswers = ["stored", "no-clip", ...refusalCodes] as const;
export type ThumbnailWord = (typeof thumbnailAnswers)[number];

export const thumbnailAnswerSchema = Type.Object(
  {
    v: Type.Literal(1),
    clip: uuid,
    take: Type.Integer({ minimum: 1, maximum: takesMax }),
    answer: Type.Enum(thumbnailAnswers),
  },
  closed,
);

/** `up/ev`: something happened at the door. Repeated until `down/ev` names its id; the cloud keeps one per id. */
export const eventSchema = Type.Union([
  Type.Object(
    {
      v: Type.Literal(1),
      id: uuid,
      kind: Type.Union([Type.Literal("press"), Type.Literal("motion")]),
      at: timeText,
      /** The clip that was cut for it. */
      clip: Type.Optional(uuid),
    },
    closed,
  ),
  Type.Object(
    {
      v: Type.Literal(1),
      id: uuid,
      kind: Type.Literal("gap"),
      at: timeText,
      /** Footage between these times is missing, and why. */
      from: timeText,
      to: timeText,
      reason: Type.Enum(["evicted", "damaged", "disk-full", "camera-fault", "power", "clock"]),
      clip: Type.Optional(uuid),
    },
    closed,
  ),
]);

/** `down/ev`: the events with these ids are stored. */
export const eventAckSchema = Type.Object(
  { v: Type.Literal(1), ids: Type.Array(uuid, { minItems: 1, maxItems: 64 }) },
  closed,
);

/** `up/status`, retained: how the camera is. `offline` is its will. */
export const statusSchema = Type.Union([
  Type.Object({ v: Type.Literal(1), state: Type.Literal("offline") }, closed),
  Type.Object(
    {
      v: Type.Literal(1),
      state: Type.Literal("online"),
      at: timeText,
      firmware: Type.String({ maxLength: 64 }),
      source: Type.String({ maxLength: 200 }),
      /** How the picture gets its form: copied, or encoded by what. */
      video: Type.String({ maxLength: 200 }),
      recording: Type.Boolean(),
      clock: Type.Union([Type.Literal("synchronised"), Type.Literal("unsynchronised")]),
      charter: Type.Integer({ minimum: 0 }),
      /** What it does now, and the counter of the household's order by which it does so; 0 without one. */
      mode: Type.Optional(Type.Enum(["off", "detect", "record"])),
      modeCounter: Type.Optional(Type.Integer({ minimum: 0 })),
      uptimeSeconds: Type.Integer({ minimum: 0 }),
      outboxSegments: Type.Integer({ minimum: 0 }),
      outboxBytes: Type.Integer({ minimum: 0 }),
      diskFreeBytes: Type.Integer({ minimum: 0 }),
      cameraRestarts: Type.Integer({ minimum: 0 }),
      trouble: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 8 }),
    },
    closed,
  ),
]);

/** `up/charter`: the version that the camera follows, the counter of the mode order that it obeys, and what it needs. */
export const charterAskSchema = Type.Object(
  {
    v: Type.Literal(1),
    have: Type.Integer({ minimum: 0 }),
    mode: Type.Optional(Type.Integer({ minimum: 0 })),
    /** Base64 of its TLS key (DER SubjectPublicKeyInfo): it wants a new certificate for it. */
    tlsKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  },
  closed,
);

export const signedCharterSchema = Type.Object(
  {
    note: Type.String({ minLength: 1, maxLength: 131_072 }),
    openings: Type.Array(Type.Union([Type.String({ maxLength: 16_384 }), Type.Null()]), { maxItems: 64 }),
  },
  closed,
);

/** `down/charter`: every later charter, in order, and then the newest mode order if the camera has an older one. */
export const charterAnswerSchema = Type.Object(
  {
    v: Type.Literal(1),
    charters: Type.Array(signedCharterSchema, { maxItems: 16 }),
    mode: Type.Optional(Type.String({ minLength: 1, maxLength: 8_192 })),
    /** PEM, to one who asked with the TLS key that its charter names. */
    certificate: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
  },
  closed,
);

/** `down/delete`: a member's signed deletion of a clip. */
export const deleteSchema = Type.Object({ v: Type.Literal(1), note }, closed);

export type Init = Static<typeof initSchema>;
export type Thumbnail = Static<typeof thumbnailSchema>;
export type ThumbnailAnswer = Static<typeof thumbnailAnswerSchema>;
export type Progress = Static<typeof progressSchema>;
export type ClipAnswer = Static<typeof clipAnswerSchema>;
export type DoorEvent = Static<typeof eventSchema>;
/** Why footage is missing. */
export type GapReason = Extract<DoorEvent, { readonly kind: "gap" }>["reason"];
export type Status = Static<typeof statusSchema>;

export type MessageRefusal = {
  readonly kind: "too-long" | "not-json" | "not-the-schema";
  readonly why: string;
};

/** Reads one kind of message from bytes, and never throws on them. */
export type MessageReader<T> = (payload: Uint8Array) => Result<T, MessageRefusal>;

export const readInit = reader(initSchema);
export const readClipAnswer = reader(clipAnswerSchema);
export const readThumbnail = reader(thumbnailSchema);
export const readThumbnailAnswer = reader(thumbnailAnswerSchema);
export const readEvent = reader(eventSchema);
export const readEventAck = reader(eventAckSchema);
export const readStatus = reader(statusSchema);
export const readCharterAsk = reader(charterAskSchema);
export const readCharterAnswer = reader(charterAnswerSchema);
export const readDelete = reader(deleteSchema);

/** A message as bytes. */
export function writeMessage(message: object): Uint8Array {
  return toUtf8(JSON.stringify(message));
}

function reader<T extends TSchema>(schema: T): MessageReader<Static<T>> {
  const compiled = Compile(schema);
  return (payload) => {
    if (payload.length > jsonBytesMax) return refuse({ kind: "too-long", why: `${payload.length} bytes` });
    const text = fromUtf8(payload);
    const value = text.ok ? parseJson(text.value) : undefined;
    if (value === undefined) return refuse({ kind: "not-json", why: "the payload is not JSON in UTF-8" });
    if (compiled.Check(value)) return ok(value as Static<T>);
    const [first] = compiled.Errors(value);
    return refuse({
      kind: "not-the-schema",
      // unreached: what does not hold has a first error with both
      why: `${first?.instancePath ?? ""} ${first?.message ?? ""}`.trim(),
    });
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
