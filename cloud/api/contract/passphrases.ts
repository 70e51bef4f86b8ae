import Type from "typebox";
import { closed, time } from "./common.js";

const name = Type.String({
  pattern: "^[a-z2-7]{8}$",
  description: "Says who signs in; made with the words, and no secret",
});
export const passphraseMade = Type.Object(
  {
    name,
    words: Type.String({ description: "Seven words, 90 bits, chosen by nobody; never shown again" }),
    otpauth: Type.String({ description: "For an authenticator app (RFC 6238); never shown again" }),
  },
  closed,
);
export const passphrase = Type.Object({ name, madeAt: time, usedAt: Type.Optional(time) }, closed);
/** As a person types them: what does not hold gets one answer, whatever of it is wrong. */
export const passphraseBody = Type.Object(
  {
    name: Type.String({ maxLength: 64 }),
    words: Type.String({ maxLength: 256 }),
    code: Type.String({ maxLength: 16 }),
  },
  closed,
);
