import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { equal, fromUtf8 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";

/** An X25519 recipient, `age1…`: who can open. */
export type Recipient = string;
/** Its private half, `AGE-SECRET-KEY-1…`. */
export type Identity = string;

export type AgeRefusal =
  | { readonly kind: "not-an-age-file" }
  | { readonly kind: "does-not-open"; readonly why: string };

/** Longest header of an age file that Lintel writes or stores: one X25519 stanza is about 200 bytes, a wrapped key for 32 members 4 KiB. */
const ageHeaderBytesMax = 8_192;

const recipientPattern = /^age1[02-9ac-hj-np-z]{58}$/;
const identityPattern = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

export const isRecipient = (text: string): text is Recipient => recipientPattern.test(text);
export const isIdentity = (text: string): text is Identity => identityPattern.test(text);

export const newIdentity = (): Promise<Identity> => generateX25519Identity();
export const recipientOf = (identity: Identity): Promise<Recipient> => identityToRecipient(identity);

/** One complete age v1 file (C2SP age) that each of `recipients` opens. */
export function seal(plain: Uint8Array, recipients: readonly Recipient[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter.encrypt(plain);
}

/** scrypt's cost as a power of two: a tenth of a second and 32 MiB. The passphrase is drawn, not chosen: it holds without more. */
const scryptWorkFactor = 15;

/** As `seal`, for whoever knows the passphrase. Only for generated ones: it can be tried offline. */
export function sealToPassphrase(plain: Uint8Array, passphrase: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(scryptWorkFactor);
  return encrypter.encrypt(plain);
}

/** The plain bytes of one age file. Refuses another's file, a flipped bit and a cut end alike. */
export async function open(
  sealed: Uint8Array,
  identities: readonly Identity[],
): Promise<Result<Uint8Array, AgeRefusal>> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  // Each of a header's stanzas costs a multiplication: one that Lintel would not have written is not tried.
  const header = splitHeader(sealed);
  return header.ok ? opened(decrypter, sealed) : header;
}

/** As `open`, of a file that was sealed to a passphrase. */
export async function openWithPassphrase(
  sealed: Uint8Array,
  passphrase: string,
): Promise<Result<Uint8Array, AgeRefusal>> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  const header = splitHeader(sealed);
  if (!header.ok) return header;
  // The file says what trying costs, and may come from a hostile cloud: a gibibyte and minutes, where ours asks for a thirtieth.
  const factor = scryptFactorOf(header.value.header);
  return factor === undefined || factor > scryptWorkFactor
    ? refuse({ kind: "does-not-open", why: "it is not sealed to a passphrase as Lintel seals" })
    : opened(decrypter, sealed);
}

async function opened(decrypter: Decrypter, sealed: Uint8Array): Promise<Result<Uint8Array, AgeRefusal>> {
  try {
    return ok(await decrypter.decrypt(sealed));
  } catch (error) {
    // unreached: the library throws errors only
    return refuse({ kind: "does-not-open", why: error instanceof Error ? error.message : String(error) });
  }
}

/** Splits an age file behind its header's last line (`--- MAC`). The header holds the wrapped file key; the body is useless without it. */
export function splitHeader(
  sealed: Uint8Array,
): Result<{ readonly header: Uint8Array; readonly body: Uint8Array }, AgeRefusal> {
  const head = fromUtf8(sealed.subarray(0, 22));
  if (!head.ok || head.value !== "age-encryption.org/v1\n") return refuse({ kind: "not-an-age-file" });
  let lineStart = 22;
  for (let at = lineStart; at < Math.min(sealed.length, ageHeaderBytesMax); at++) {
    if (sealed[at] !== 0x0a) continue;
    if (isMacLine(sealed.subarray(lineStart, at)))
      return ok({ header: sealed.subarray(0, at + 1), body: sealed.subarray(at + 1) });
    lineStart = at + 1;
  }
  return refuse({ kind: "not-an-age-file" });
}

/** C2SP age, "scrypt recipient stanza": the work factor as a power of two. */
function scryptFactorOf(header: Uint8Array): number | undefined {
  const text = fromUtf8(header);
  const factor = text.ok ? /^-> scrypt [^ \n]+ ([1-9][0-9]?)$/m.exec(text.value)?.[1] : undefined;
  return factor === undefined ? undefined : Number(factor);
}

function isMacLine(line: Uint8Array): boolean {
  return line.length === 47 && equal(line.subarray(0, 4), Uint8Array.of(0x2d, 0x2d, 0x2d, 0x20));
}
