import Type from "typebox";
import { closed, time } from "./common.js";

const id = Type.String({
  pattern: "^[a-z2-7]{32}$",
  description: "Made from the passphrase: 32 characters of base32",
});
const file = Type.String({
  pattern: "^YWdlLWVuY3J5cHRpb24ub3JnL3Yx[A-Za-z0-9+/]*={0,2}$",
  maxLength: 8_192,
  description: "Base64 of an age file: the member's seed, sealed to a passphrase",
});

export const recoveryBody = Type.Object({ id, file }, closed);
export const recoveryParams = Type.Object({ recovery: id }, closed);
export const recovered = Type.Object({ file }, closed);
export const recoveryState = Type.Object({ madeAt: time }, closed);
