import { createHmac, timingSafeEqual } from "node:crypto";
import type { Millis } from "../../shared/kernel/brand.js";

/** RFC 6238 as every authenticator app has it: HMAC-SHA-1, 6 digits, 30 seconds. */
const stepMillis = 30_000;
const digits = 6;
/** Steps that a device's clock may be off by, either way (RFC 6238 §5.2). */
const driftSteps = 1;

/** The step whose code this is, around now; `undefined` for none. Takes as long for each. */
export function stepOfCode(secret: Uint8Array, code: string, now: Millis): number | undefined {
  const step = Math.floor(now / stepMillis);
  let found: number | undefined;
  for (let at = Math.max(step - driftSteps, 0); at <= step + driftSteps; at++) {
    const [said, wanted] = [Buffer.from(code), Buffer.from(codeOfStep(secret, at))];
    if (said.length === wanted.length && timingSafeEqual(said, wanted)) found = at;
  }
  return found;
}

/** RFC 4226 §5.3, with the step as its counter. */
export function codeOfStep(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 0xf) & 0x7fff_ffff;
  return `${number % 10 ** digits}`.padStart(digits, "0");
}

/** What an authenticator app reads, also as a QR code (Key URI Format). */
export function otpauthUri(secret: string, name: string): string {
  const query = `secret=${secret}&issuer=Lintel&algorithm=SHA1&digits=${digits}&period=${stepMillis / 1_000}`;
  return `otpauth://totp/Lintel:${name}?${query}`;
}
