import Type from "typebox";
import { cameraId, closed, listNext, memberId, time } from "./common.js";

const id = Type.String({
  pattern: "^[a-z2-7]{16}$",
  description: "An invitation's id: 16 random characters of base32, made by the owner's client",
});
const role = Type.Enum(["owner", "adult", "guest", "contact"]);
const newcomer = Type.String({
  maxLength: 1_024,
  description:
    "`lintel-newcomer1.…`: the newcomer's public keys and name. Compare its fingerprint before you sign",
});

export const invitationBody = Type.Object(
  {
    id,
    role: Type.Optional(role),
    expiresAt: Type.Optional({ ...time, description: "7 days from now at most; a day without it" }),
  },
  closed,
);
export const invitationParams = Type.Object({ invitation: id }, closed);
export const invitation = Type.Object(
  {
    id,
    state: Type.Enum(["waiting", "answered", "joined", "expired"]),
    role: Type.Optional(role),
    madeAt: time,
    expiresAt: time,
    newcomer: Type.Optional(newcomer),
    answeredAt: Type.Optional(time),
    contestedAt: Type.Optional({ ...time, description: "When somebody else first tried to answer, too" }),
  },
  closed,
);
export const invitations = Type.Object({ invitations: Type.Array(invitation), next: listNext }, closed);
export const invitationAnswer = Type.Object({ newcomer }, closed);
export const invitationAnswered = Type.Object({ state: Type.Literal("answered") }, closed);

export const members = Type.Object(
  {
    members: Type.Array(
      Type.Object(
        {
          id: memberId,
          name: Type.String(),
          role,
          sees: Type.Optional(
            Type.Array(cameraId, { description: "These cameras alone; absent: all that the role may see" }),
          ),
        },
        closed,
      ),
    ),
    next: listNext,
  },
  closed,
);
