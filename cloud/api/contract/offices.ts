import Type from "typebox";
import { closed, keyId, note, time } from "./common.js";
import { sessionId } from "./sessions.js";

const agencyId = keyId("An agency's id");
const personId = keyId("An officer's or operator's id");
const refresh = Type.String({
  pattern: "^lintel_ot_[a-z2-7]{68}$",
  description: "Renews the session, once; the answer holds the next one. Used twice, it ends the session",
});

export const officerChallengeBody = Type.Object({ agency: agencyId, person: personId }, closed);
export const operatorChallengeBody = Type.Object({ person: personId }, closed);
export const officeLoginBody = Type.Object({ note }, closed);
export const officeRefreshBody = Type.Object({ refresh }, closed);
export const officeSignedIn = Type.Object(
  {
    token: Type.String({ description: "JWT (EdDSA), for `Authorization: Bearer`; good for this side only" }),
    expiresAt: time,
    session: sessionId,
    refresh,
  },
  closed,
);

/** A browser's session: what renews it is in a cookie that no script reads. */
export const signedInOffice = Type.Object(
  {
    token: Type.String({ description: "JWT (EdDSA), for `Authorization: Bearer`; good for this side only" }),
    expiresAt: time,
    session: sessionId,
    office: Type.String({ description: "The agency's id, or `operator`" }),
    id: personId,
    name: Type.String(),
    role: Type.Enum(["officer", "supervisor", "operator"]),
  },
  closed,
);

const person = { id: personId, name: Type.String() };
export const officerMe = Type.Object(
  { ...person, agency: agencyId, role: Type.Enum(["officer", "supervisor"]) },
  closed,
);
export const operatorMe = Type.Object(person, closed);
