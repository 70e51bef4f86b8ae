import Type from "typebox";
import { packagePiecesMax } from "../../../shared/release/limits.js";
import { closed, eventId, hash, householdId, keyId, listNext, note, time } from "./common.js";

const agencyId = keyId("An agency's id");
const operatorId = keyId("An operator's id");
const requestId = { ...eventId, description: "A request's id, UUIDv7" };
const releaseId = { ...eventId, description: "A release's id, UUIDv7: that of its authorisation's record" };
const proof = Type.String({ description: "C2SP tlog-proof: that its entry stands in the public log" });
const entryText = Type.String({ description: "entry/v1, of which the proof is" });

export const agencyParams = Type.Object({ agency: agencyId }, closed);
export const requestParams = Type.Object({ request: requestId }, closed);
export const releaseParams = Type.Object({ release: releaseId }, closed);
export const packagePieceParams = Type.Object(
  { release: releaseId, piece: Type.Integer({ minimum: 0, maximum: packagePiecesMax - 1 }) },
  closed,
);

const termsText = Type.String({
  minLength: 1,
  maxLength: 65_536,
  description: "The text of the agreement's terms",
});
export const agreementBody = Type.Object({ note, terms: termsText }, closed);
export const noteBody = Type.Object({ note }, closed);
export const sentenceBody = Type.Object(
  { to: Type.Enum(["active", "probation", "suspended", "revoked", "compromised"]) },
  closed,
);
export const rejectBody = Type.Object(
  { why: Type.Enum(["not-of-this-category", "not-of-this-agency", "repeats-another", "not-plausible"]) },
  closed,
);
export const erratumBody = Type.Object(
  { what: Type.Enum(["wrong-time", "wrong-area", "wrong-category"]) },
  closed,
);

const step = Type.Object(
  {
    kind: Type.String(),
    at: time,
    index: Type.Optional(Type.Integer({ description: "Of its entry in the public log" })),
  },
  closed,
);
const steps = Type.Array(step, { description: "All that happened, in its order" });

/** What the rules themselves punished by an agency's state. */
export const fault = Type.Enum(["overdue-disposal", "unconfirmed-emergency", "upheld-pressure"]);

export const agency = Type.Object(
  {
    id: agencyId,
    state: Type.String(),
    name: Type.String(),
    agreements: Type.Array(note, { description: "The whole chain; the last counts" }),
    terms: termsText,
    publicSince: Type.Optional(time),
    until: Type.Optional(time),
    why: Type.Optional(fault),
    steps,
  },
  closed,
);
/** As operators see it. */
const vetted = Type.Object(
  {
    ...Type.Omit(agency, ["steps"]).properties,
    phone: Type.String(),
    vetters: Type.Array(operatorId),
    proposed: Type.Optional(Type.Object({ to: Type.String(), by: operatorId }, closed)),
  },
  closed,
);
export const vettingList = Type.Object({ agencies: Type.Array(vetted), next: listNext }, closed);
export const agencyList = Type.Object(
  { agencies: Type.Array(Type.Omit(agency, ["steps"])), next: listNext },
  closed,
);

export const request = Type.Object(
  {
    id: requestId,
    agency: agencyId,
    state: Type.String(),
    note,
    rejection: Type.Optional(Type.String()),
    errata: Type.Array(Type.String()),
    publishedAt: Type.Optional(time),
    until: Type.Optional(time),
    steps,
  },
  closed,
);
export const requestList = Type.Object(
  { requests: Type.Array(Type.Omit(request, ["steps"])), next: listNext },
  closed,
);

/** Of lists by falling id. */
export const recordQuery = Type.Object(
  {
    agency: Type.Optional(agencyId),
    state: Type.Optional(Type.String({ pattern: "^[a-z-]{1,32}$" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 100 })),
    cursor: Type.Optional(
      Type.String({ pattern: "^[a-z0-9-]{16,36}$", description: "`next` of the page before" }),
    ),
  },
  closed,
);

export const reviewQuery = Type.Omit(recordQuery, ["agency", "state"], closed);

export const feedAgency = Type.Object(
  {
    id: agencyId,
    state: Type.String(),
    agreements: Type.Array(note),
    terms: termsText,
    evidence: Type.Array(Type.Object({ entry: entryText, proof }, closed), {
      description:
        "Of the newest agreement and, where only its people have changed since, of the one that the public saw",
    }),
  },
  closed,
);
export const feedRequest = Type.Object({ note, entry: entryText, proof }, closed);
export const feed = Type.Object(
  {
    requests: Type.Array(feedRequest, { description: "All that are open" }),
    agencies: Type.Array(feedAgency, { description: "Those that ask in it" }),
  },
  closed,
);

export const prepareBody = Type.Object(
  { authorisation: note, pieces: Type.Integer({ minimum: 1, maximum: packagePiecesMax }) },
  closed,
);
export const release = Type.Object(
  {
    id: releaseId,
    state: Type.String(),
    household: Type.Optional(householdId),
    agency: agencyId,
    request: requestId,
    authorisation: Type.Optional(note),
    pieces: Type.Integer(),
    package: Type.Optional(hash),
    why: Type.Optional(Type.String()),
    unreceipted: Type.Boolean(),
    escrowedAt: Type.Optional(time),
    retrievedAt: Type.Optional(time),
    until: Type.Optional(time),
    receipt: Type.Optional(note),
    disposal: Type.Optional(note),
    steps,
  },
  closed,
);
export const releaseList = Type.Object(
  { releases: Type.Array(Type.Omit(release, ["steps"])), next: listNext },
  closed,
);
/** What two operators see of a release that waits for them: nothing of its household. */
const review = Type.Object(
  {
    id: releaseId,
    agency: agencyId,
    request: requestId,
    clips: Type.Integer(),
    child: Type.Boolean(),
    reviewers: Type.Array(operatorId),
  },
  closed,
);
export const reviewList = Type.Object({ reviews: Type.Array(review), next: listNext }, closed);

/** That a release's escrow stands in the public log. */
export const evidence = Type.Object(
  { text: Type.String(), path: Type.String(), entry: entryText, proof },
  closed,
);

export const sealedState = Type.Object(
  {
    version: Type.Integer({ minimum: 1, description: "One more than that of the state it follows" }),
    file: Type.String({
      minLength: 87_000,
      maxLength: 98_304,
      pattern: "^YWdlLWVuY3J5cHRpb24[A-Za-z0-9+/]*={0,2}$",
      description: "Base64 of an age file of 64 KiB and its header: all are of one length",
    }),
  },
  closed,
);
