import Type from "typebox";
import { closed, note, time } from "./common.js";

const sessionId = Type.String({
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
    how: Type.String({ description: "What the member signed in with: `key`" }),
    client: Type.String({ description: "What the client calls itself; anybody's word" }),
    madeAt: time,
    usedAt: Type.String({ ...time, description: "When it was last renewed" }),
    expiresAt: time,
    current: Type.Boolean({ description: "It is the one that asks" }),
  },
  closed,
);
export const sessionList = Type.Object({ sessions: Type.Array(session) }, closed);
export const sessionParams = Type.Object({ session: sessionId }, closed);
