import Type from "typebox";
import { operatorOffice } from "../../../shared/release/officelogin.js";
import { closed, memberId, note, time } from "./common.js";
import { sessionId } from "./sessions.js";

const agencyId = Type.String({
  pattern: `^(?!${operatorOffice}$)[a-z0-9][a-z0-9._-]{0,63}$`,
  description: "An agency's id",
});
const personId = Type.String({ ...memberId, description: "An officer's or operator's id: 16 of base32" });
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

const person = { id: personId, name: Type.String() };
export const officerMe = Type.Object(
  { ...person, agency: agencyId, role: Type.Enum(["officer", "supervisor"]) },
  closed,
);
export const operatorMe = Type.Object(person, closed);
