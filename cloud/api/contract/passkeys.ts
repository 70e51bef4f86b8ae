import Type from "typebox";
import { closed, householdId, listNext, memberId, time } from "./common.js";
import { sessionId } from "./sessions.js";

const base64Url = (charsMax: number) => Type.String({ pattern: "^[A-Za-z0-9_-]+$", maxLength: charsMax });
const passkeyId = Type.String({
  pattern: "^[A-Za-z0-9_-]{16,1400}$",
  maxLength: 1_400,
  description: "The credential's id, base64url",
});
const name = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^\\S(.*\\S)?$",
  description: "What the member calls it",
});
const link = Type.String({
  pattern: "^[a-z2-7]{32}$",
  description: "What stands behind `#add=` in the link",
});

/** Why what lets somebody in as the member is made without an Idempotency-Key. */
export const whyNoKey =
  "Takes no Idempotency-Key: what it shows signs a member in, so the answer is kept nowhere, not even sealed. Asked for again it replaces the one before: there is never more than one.";

export const linkBody = Type.Object({ name }, closed);
export const linkMade = Type.Object(
  {
    url: Type.String({ description: "To be opened in the browser that gets the passkey, once" }),
    expiresAt: time,
  },
  closed,
);
export const linkAsk = Type.Object({ link }, closed);
const options = Type.Object(
  {},
  { additionalProperties: true, description: "For navigator.credentials (W3C WebAuthn)" },
);
export const creation = Type.Object(
  { member: Type.String({ description: "For whom" }), name, options },
  closed,
);
export const request = Type.Object({ options }, closed);

/** Of what browsers send (WebAuthn's `PublicKeyCredential.toJSON`) what is looked at; they add more. */
const credential = {
  id: base64Url(1_400),
  rawId: base64Url(1_400),
  type: Type.Literal("public-key"),
  clientExtensionResults: Type.Object({}, { additionalProperties: true }),
};
const loose = { additionalProperties: true } as const;
export const addBody = Type.Object(
  {
    link,
    response: Type.Object(
      {
        ...credential,
        response: Type.Object(
          { clientDataJSON: base64Url(4_096), attestationObject: base64Url(65_536) },
          loose,
        ),
      },
      loose,
    ),
  },
  closed,
);
export const signInBody = Type.Object(
  {
    response: Type.Object(
      {
        ...credential,
        response: Type.Object(
          {
            clientDataJSON: base64Url(4_096),
            authenticatorData: base64Url(4_096),
            signature: base64Url(8_192),
          },
          loose,
        ),
      },
      loose,
    ),
  },
  closed,
);

/** A browser's session: what renews it is in a cookie that no script reads. */
export const signedInBrowser = Type.Object(
  {
    token: Type.String({ description: "JWT (EdDSA), for `Authorization: Bearer`" }),
    expiresAt: time,
    session: sessionId,
    household: householdId,
    member: memberId,
    name: Type.String(),
    role: Type.String(),
  },
  closed,
);

const passkey = Type.Object({ id: passkeyId, name, madeAt: time, usedAt: Type.Optional(time) }, closed);
export const passkeyAdded = passkey;
export const passkeyList = Type.Object({ passkeys: Type.Array(passkey), next: listNext }, closed);
export const passkeyParams = Type.Object({ passkey: passkeyId }, closed);
