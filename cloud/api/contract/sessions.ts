import Type from "typebox";
import { allScopes } from "../../household/scopes.js";
import { closed, listNext, note, time } from "./common.js";

export const sessionId = Type.String({
  pattern: "^[a-z2-7]{16}$",
  description: "A session's id: 16 characters of base32",
});
const refresh = Type.String({
  pattern: "^lintel_rt_[a-z2-7]{52}$",
  description: "Renews the session, once; the answer holds the next one. Used twice, it ends the session",
});

export const loginBody = Type.Object({ note }, closed);
export const refreshBody = Type.Object({ refresh }, closed);
export const signedIn = Type.Object(
  {
    token: Type.String({ description: "JWT (EdDSA), for `Authorization: Bearer`" }),
    expiresAt: time,
    session: sessionId,
    refresh,
  },
  closed,
);

const session = Type.Object(
  {
    id: sessionId,
    how: Type.String({ description: "What the member signed in with: `key`, `passkey`, `passphrase`" }),
    client: Type.String({ description: "What the client calls itself; anybody's word" }),
    madeAt: time,
    usedAt: Type.String({ ...time, description: "When it was last renewed" }),
    expiresAt: time,
    current: Type.Boolean({ description: "It is the one that asks" }),
  },
  closed,
);
export const sessionList = Type.Object({ sessions: Type.Array(session), next: listNext }, closed);
export const sessionParams = Type.Object({ session: sessionId }, closed);

const scopes = Type.Array(Type.Enum([...allScopes]), {
  minItems: 1,
  maxItems: allScopes.length,
  uniqueItems: true,
});
export const tokenBody = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: "^\\S(.*\\S)?$",
      description: "What it is for",
    }),
    scopes,
    days: Type.Integer({ minimum: 1, maximum: 366, description: "It ends after so many days" }),
  },
  closed,
);
const tokenFacts = {
  id: sessionId,
  name: Type.String(),
  scopes,
  madeAt: time,
  usedAt: Type.Optional(Type.String({ ...time, description: "The last use, to the hour" })),
  expiresAt: time,
};
export const tokenMade = Type.Object(
  {
    ...tokenFacts,
    token: Type.String({ description: "For `Authorization: Bearer`; `lintel_pat_[a-z2-7]{52}`" }),
  },
  closed,
);
export const tokenList = Type.Object(
  { tokens: Type.Array(Type.Object(tokenFacts, closed)), next: listNext },
  closed,
);
export const tokenParams = Type.Object({ token: sessionId }, closed);
