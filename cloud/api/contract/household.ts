import Type from "typebox";
import { signedCharterSchema } from "../../../shared/protocol/messages.js";
import {
  bytesCount,
  cameraId,
  claimId,
  closed,
  hash,
  householdId,
  listNext,
  memberId,
  note,
  time,
} from "./common.js";

/** Base64 of an age file with one 32-byte key for up to 32 members. */
const keyFileText = Type.String({
  pattern: "^YWdlLWVuY3J5cHRpb24ub3JnL3Yx[A-Za-z0-9+/]*={0,2}$",
  maxLength: 16_384,
  description: "Base64 of an age file: the camera's identity, sealed to members",
});
const epoch = Type.Integer({ minimum: 0, maximum: 1_000_000 });

export const registerBody = Type.Object({ charter: signedCharterSchema }, closed);
export const registered = Type.Object({ household: householdId }, closed);

export const challengeBody = Type.Object({ household: householdId, member: memberId }, closed);
export const challenge = Type.Object(
  { nonce: Type.String({ description: "32 bytes, base64, to be signed once" }), expiresAt: time },
  closed,
);

export const household = Type.Object(
  {
    household: householdId,
    charters: Type.Array(signedCharterSchema, { description: "The whole chain from version 1 on" }),
    vaultKey: Type.String({ description: "C2SP vkey that signs the vault's receipts" }),
    storage: Type.Object(
      { bytes: bytesCount, bytesMax: bytesCount },
      {
        ...closed,
        description:
          "What the vault holds of the household, and may hold: beyond it cameras keep their clips and say `refused-full`",
      },
    ),
  },
  closed,
);
export const charterBody = Type.Object(
  {
    charter: signedCharterSchema,
    keyFiles: Type.Optional(
      Type.Array(Type.Object({ camera: cameraId, epoch, file: keyFileText }, closed), { maxItems: 32 }),
    ),
  },
  closed,
);
export const proposal = Type.Object(
  {
    ...charterBody.properties,
    version: Type.Integer({ minimum: 1 }),
    signers: Type.Array(memberId, { description: "The owners who signed it" }),
    missing: Type.Array(memberId, { description: "The owners whose signature it still needs" }),
    madeAt: time,
  },
  closed,
);
export const proposed = Type.Pick(proposal, ["version", "signers", "missing"], closed);
export const charterStored = Type.Object({ version: Type.Integer({ minimum: 1 }) }, closed);

export const keyFiles = Type.Object(
  { keys: Type.Array(Type.Object({ epoch, file: keyFileText }, closed)), next: listNext },
  closed,
);

export const claimBody = Type.Object({ claimId, charter: hash, expiresAt: time }, closed);
export const claimAnswer = Type.Object(
  {
    noteKey: Type.String({ maxLength: 64, description: "Base64 of the camera's note-signing key" }),
    tlsKey: Type.String({ maxLength: 256, description: "Base64 of its TLS key (DER SubjectPublicKeyInfo)" }),
    mac: Type.String({ maxLength: 64, description: "Base64 of HMAC-SHA-256 under the claim's secret" }),
  },
  closed,
);
export const claimView = Type.Object(
  {
    state: Type.Enum(["waiting", "answered", "enrolled", "expired"]),
    expiresAt: time,
    answer: Type.Optional(claimAnswer),
  },
  closed,
);
export const claimAnswered = Type.Object({ state: Type.Literal("answered") }, closed);
export const enrolmentWaiting = Type.Object({ state: Type.Literal("waiting") }, closed);
export const claimParams = Type.Object({ claimId }, closed);
export const enrolmentHeaders = Type.Object({
  "lintel-answer": Type.String({ maxLength: 64, description: "The `mac` of the board's own answer" }),
});
export const enrolment = Type.Object(
  {
    camera: cameraId,
    /** The charter that the claim pins by its hash. */
    pinned: signedCharterSchema,
    charters: Type.Array(signedCharterSchema, { description: "Every later charter, in order" }),
    certificate: Type.String({ description: "PEM, for the board's own TLS key" }),
    ca: Type.String({ description: "PEM; its SHA-256 stands in the claim" }),
    mqttUrl: Type.String(),
    vaultKey: Type.String(),
  },
  closed,
);

export const renewalBody = Type.Object({ note }, closed);
export const renewed = Type.Object(
  { certificate: Type.String({ description: "PEM, for the TLS key that the charter names" }) },
  closed,
);
export const renewalWaiting = Type.Object({ state: Type.Literal("waiting") }, closed);
export const renewalAnswer = Type.Object({ answer: Type.Enum(["approve", "refuse"]) }, closed);
export const renewal = Type.Object(
  { state: Type.Enum(["waiting", "approved", "refused"]), askedAt: time, note },
  closed,
);
