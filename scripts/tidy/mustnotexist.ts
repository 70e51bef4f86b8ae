// What must never exist (product.md): rules over the names of all that the cloud answers to and all that it keeps.

export interface Operation {
  /** `PUT /v1/requests/{request}`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly id: string;
  /** Names of parameters, and of fields asked for and answered. */
  readonly fields: readonly string[];
  /** Fields in which a caller may write what they like. */
  readonly freeText: readonly string[];
  /** Types of what it answers. */
  readonly media: readonly string[];
}

export interface Surface {
  readonly operations: readonly Operation[];
  /** `table.column`. */
  readonly columns: readonly string[];
}

type Rule = (surface: Surface) => readonly string[];

/** What a rule finds that is something else. Each says why; one that finds nothing any more fails the test. */
export const exceptions: Readonly<Record<string, string>> = {
  "a decline or seen endpoint: camera_status.seen_at": "when a camera last spoke",
  "a decline or seen endpoint: GET /v1/cameras lastSeen": "when a camera last spoke, to its own household",
  "a decline or seen endpoint: GET /v1/cameras/{camera} lastSeen": "the same",
  "a decline or seen endpoint: GET /operator/v1/accesses/{access}/metadata/{kind} seenAt":
    "the same, in an operator's look that the household is shown",
  "agency-to-owner messages: POST /agency/v1/login/passphrase":
    "what an officer types to sign in: compared with a hash, kept nowhere, shown to nobody",
  "cameras by area: GET /operator/v1/accesses/{access}/metadata/{kind}":
    "one household's own, agreed to by two operators, for an hour, and shown to the household",
};

/** Each fault names what must not exist, and where it was found. */
export function forbiddenIn(surface: Surface, except: readonly string[] = []): readonly string[] {
  return Object.entries(rules)
    .flatMap(([rule, find]) => find(surface).map((where) => `${rule}: ${where}`))
    .filter((fault) => !except.includes(fault));
}

const rules: Readonly<Record<string, Rule>> = {
  "a decline or seen endpoint": (surface) => [
    ...wordsIn(surface, (word) => declines.includes(word)),
    ...operations(surface, ({ method, path }) => method !== "GET" && isHouseholds(path) && asks(path)),
  ],
  "cameras by area": (surface) => [
    ...wordsIn(surface, (word) => places.includes(word)),
    ...operations(surface, ({ path }) => !isHouseholds(path) && /^cameras?$/.test(segment(path, 2))),
    ...operations(
      surface,
      ({ path, fields }) => !isHouseholds(path) && fields.some((name) => /^cameras$|count$/i.test(name)),
    ),
  ],
  "agency-to-owner messages": (surface) => [
    ...operations(
      surface,
      ({ path, freeText }) =>
        path.startsWith("/agency/") && freeText.some((field) => !["note", "terms"].includes(field)),
    ),
    ...operations(surface, ({ path, id }) =>
      wordsOf(`${path} ${id}`).some((word) => messages.includes(word)),
    ),
    ...surface.columns.filter((column) =>
      wordsOf(column.split(".")[0] ?? "").some((word) => messages.includes(word)),
    ),
  ],
  "live view for non-members": (surface) =>
    operations(
      surface,
      ({ path, id, media }) =>
        !isHouseholds(path) &&
        (wordsOf(`${path} ${id}`).some((word) => lives.includes(word)) ||
          media.some((type) => /event-stream|^video\/|^audio\/|multipart/.test(type))),
    ),
  "impersonation or staff media access": (surface) => [
    ...wordsIn(surface, (word) =>
      ["impersonate", "impersonation", "masquerade", "sudo", "behalf"].includes(word),
    ),
    ...operations(
      surface,
      ({ path, media }) =>
        path.startsWith("/operator/") &&
        (wordsOf(path).some((word) => recordings.includes(word)) || media.some((type) => !/json/.test(type))),
    ),
  ],
  "search by face, plate or clothing": (surface) => wordsIn(surface, (word) => bodies.includes(word)),
  "bulk export by account": (surface) =>
    operations(
      surface,
      ({ path, id }) =>
        !isHouseholds(path) &&
        (/\{(household|member|account)\}/.test(path) ||
          /^(households?|members?|accounts?)$/.test(segment(path, 2)) ||
          wordsOf(`${path} ${id}`).some((word) => ["export", "bulk", "dump", "archive"].includes(word))),
    ),
  "edit or deletion of a published request": (surface) =>
    operations(
      surface,
      ({ method, path, id }) =>
        (["PUT", "PATCH", "DELETE"].includes(method) && asks(path)) ||
        (/request/i.test(id) && wordsOf(id).some((word) => edits.includes(word))),
    ),
  "a setting that agrees to future requests": (surface) => [
    ...operations(surface, ({ path, id, fields }) => [path, id, ...fields].some(agreesAhead)),
    ...surface.columns.filter(agreesAhead),
  ],
};

const declines = [
  ...["decline", "declined", "declines", "seen", "unseen", "unread", "dismiss", "dismissed"],
  ...["ignore", "ignored", "refuse", "refused", "refusal", "dwell", "viewed"],
];
const places = [
  ...["area", "areas", "latitude", "longitude", "lat", "lon", "lng", "geo", "geohash", "bbox", "radius"],
  ...["near", "nearby", "postcode", "zipcode", "address", "coordinates", "neighbourhood", "neighborhood"],
];
const messages = [
  "message",
  "messages",
  "chat",
  "inbox",
  "mail",
  "conversation",
  "reminder",
  "remind",
  "nudge",
];
const lives = ["live", "livestream", "stream", "watch", "webrtc", "rtsp", "whep", "hls"];
const recordings = [
  ...["clip", "clips", "segment", "segments", "piece", "pieces", "thumbnail", "thumbnails", "video", "media"],
  ...["recording", "recordings", "footage", "picture", "pictures", "keys"],
];
const bodies = [
  ...["face", "faces", "facial", "plate", "plates", "clothing", "clothes", "biometric", "biometrics", "gait"],
  ...["embedding", "embeddings", "descriptor", "suspect", "likeness"],
];
const edits = ["edit", "update", "change", "delete", "remove", "erase", "redact", "unpublish"];

const isHouseholds = (path: string): boolean => path.startsWith("/v1/");
const asks = (path: string): boolean =>
  wordsOf(path).some((word) => word === "request" || word === "requests");
const segment = (path: string, at: number): string => path.split("/")[at + 1] ?? "";

function agreesAhead(name: string): boolean {
  const words = wordsOf(name);
  const ahead = /^(auto|automatic|automatically|always|standing|blanket|future|pre|subscribe|advance)$/;
  const agrees =
    /^(release|releases|authorise|authorisation|consent|agree|approve|request|requests|sharing)$/;
  return (
    (words.some((word) => ahead.test(word)) && words.some((word) => agrees.test(word))) ||
    words.some((word) => /^(auto|pre)(release|authorise|consent|approve|agree|share)/.test(word))
  );
}

function operations(surface: Surface, is: (operation: Operation) => boolean): readonly string[] {
  return surface.operations.filter(is).map(({ name }) => name);
}

/** Where a name holds such a word: an operation, one of its fields, or a column. */
function wordsIn(surface: Surface, is: (word: string) => boolean): readonly string[] {
  const holds = (name: string): boolean => wordsOf(name).some(is);
  return [
    ...operations(surface, ({ path, id }) => holds(`${path} ${id}`)),
    ...surface.operations.flatMap(({ name, fields }) =>
      [...new Set(fields)].filter(holds).map((field) => `${name} ${field}`),
    ),
    ...surface.columns.filter(holds),
  ];
}

/** `listPublicRequests` and `seen_at` in words. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null;
const inside = (value: unknown, ...names: readonly string[]): unknown =>
  names.reduce<unknown>((at, name) => (isJson(at) ? at[name] : undefined), value);
const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  isJson(value) ? Object.entries(value) : [];

/** All operations of an OpenAPI 3.1 document. */
export function operationsOf(document: unknown): readonly Operation[] {
  return entriesOf(inside(document, "paths")).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]) => operationOf(method.toUpperCase(), path, operation)),
  );
}

function operationOf(method: string, path: string, operation: unknown): Operation {
  const asked = entriesOf(inside(operation, "requestBody", "content")).map(([, body]) =>
    inside(body, "schema"),
  );
  const answers = entriesOf(inside(operation, "responses")).flatMap(([, answer]) =>
    entriesOf(inside(answer, "content")),
  );
  const parameters = entriesOf(inside(operation, "parameters")).map(([, one]) => `${inside(one, "name")}`);
  const given = [...asked, ...answers.map(([, body]) => inside(body, "schema"))].flatMap(propertiesIn);
  const free = asked.flatMap(propertiesIn).filter(([, schema]) => isFree(schema));
  return {
    ...{ name: `${method} ${path}`, method, path, id: `${inside(operation, "operationId") ?? ""}` },
    fields: [...parameters, ...given.map(([name]) => name)],
    freeText: free.map(([name]) => name),
    media: answers.map(([type]) => type),
  };
}

/** Every property at any depth, by its name. */
function propertiesIn(schema: unknown): readonly (readonly [string, unknown])[] {
  return entriesOf(schema).flatMap(([key, value]) =>
    key === "properties"
      ? entriesOf(value).flatMap(([name, inner]) => [[name, inner] as const, ...propertiesIn(inner)])
      : propertiesIn(value),
  );
}

const isFree = (schema: unknown): boolean =>
  inside(schema, "type") === "string" &&
  !["enum", "const", "pattern", "format"].some((bound) => inside(schema, bound) !== undefined);
