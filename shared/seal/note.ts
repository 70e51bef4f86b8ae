import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, equal, fromBase64, fromHex, fromUtf8, toBase64, toHex, toUtf8 } from "../kernel/bytes.js";
import { ok, type Result, refuse } from "../kernel/result.js";

/** C2SP signed-note, Ed25519 keys (type 0x01): text, blank line, `— name base64(keyid ‖ signature)` lines. */
const noteBytesMax = 1_000_000;
/** C2SP signed-note allows implementations a limit of signatures on one note. */
const noteSignaturesMax = 16;

/** What a key signs: a note's text, or (C2SP tlog-cosignature) the text with a time before it. */
export const keyTypes = { ed25519: 0x01, cosignature: 0x04 } as const;
type KeyType = (typeof keyTypes)[keyof typeof keyTypes];
const signaturePrefix = "— ";

/** A private key under the name that its signatures carry. */
export interface Signer {
  readonly name: string;
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  /** The same Ed25519 by the platform's own code, where many notes are signed. */
  readonly native?: { readonly publicKey: Uint8Array; sign(text: Uint8Array): Uint8Array };
}

export interface Verifier {
  readonly name: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The same check by RFC 8032 in the platform's own code, where many notes are opened. */
  readonly native?: (signature: Uint8Array, text: Uint8Array) => boolean;
}

export interface OpenedNote {
  readonly text: string;
  /** The known keys that signed, in the order of their lines. Never empty. */
  readonly signers: readonly Verifier[];
}

export type NoteRefusal =
  | { readonly kind: "malformed-note"; readonly why: string }
  | { readonly kind: "forged-signature"; readonly name: string }
  | { readonly kind: "no-known-signer" };

export function verifierOf({ name, secretKey, native }: Signer): Verifier {
  return { name, publicKey: native?.publicKey ?? ed25519.getPublicKey(secretKey) };
}

/** The verifier key as text (C2SP signed-note "vkey"): `name+keyid+base64(type ‖ key)`. */
export function formatVerifier({ name, publicKey }: Verifier, type: KeyType = keyTypes.ed25519): string {
  return `${name}+${toHex(keyId({ name, publicKey }, type))}+${toBase64(concat(Uint8Array.of(type), publicKey))}`;
}

export function parseVerifier(text: string, type: KeyType = keyTypes.ed25519): Result<Verifier, NoteRefusal> {
  const [name = "", id = "", encoded = "", ...rest] = splitVkey(text);
  const key = fromBase64(encoded);
  if (rest.length > 0 || !isKeyName(name) || !/^[0-9a-f]{8}$/.test(id) || !key.ok)
    return malformed("verifier key");
  if (key.value.length !== 33 || key.value[0] !== type) return malformed("verifier key type");
  const verifier = { name, publicKey: key.value.slice(1) };
  return equal(keyId(verifier, type), fromHex(id)) ? ok(verifier) : malformed("verifier key id");
}

/** Signs `text`, which must be canonical note text: it ends in a newline and holds no control characters. */
export function signNote(text: string, signers: readonly Signer[]): string {
  const why = faultInText(text);
  if (why !== undefined) throw new Error(`Refusing to sign: ${why}.`);
  return `${text}\n${signers.map((signer) => signatureLine(text, signer)).join("")}`;
}

/** One more signature under an existing note: co-signing. The caller has opened the note before. */
export function cosign(note: string, signer: Signer): string {
  return note + signatureLine(textOf(note), signer);
}

/**
 * Opens a note that at least one of `known` has signed. Signatures by unknown keys are ignored; a known key whose signature
 * fails rejects the whole note (C2SP signed-note, "Verification").
 */
export function openNote(note: string, known: readonly Verifier[]): Result<OpenedNote, NoteRefusal> {
  const opened = openSignatures(note, known, { type: keyTypes.ed25519, verify: verifies });
  if (!opened.ok) return opened;
  const { text, signatures } = opened.value;
  const signers = signatures.map(({ verifier }) => verifier);
  return signers.length > 0 ? ok({ text, signers }) : refuse({ kind: "no-known-signer" });
}

/** What a key of some type says by its signature, which holds. */
export interface Signature {
  readonly verifier: Verifier;
  readonly bytes: Uint8Array;
}

/** How signatures of one key type are checked. */
interface Scheme {
  readonly type: KeyType;
  readonly verify: (verifier: Verifier, text: string, signature: Uint8Array) => boolean;
}

/** The text of a note and the signatures under it by `known` keys; none of them, too, is an answer. */
export function openSignatures(
  note: string,
  known: readonly Verifier[],
  scheme: Scheme,
): Result<{ readonly text: string; readonly signatures: readonly Signature[] }, NoteRefusal> {
  if (note.length > noteBytesMax) return malformed("longer than the limit");
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) return malformed("no signature block");
  const text = note.slice(0, split + 1);
  const why = faultInText(text);
  if (why !== undefined) return malformed(why);
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > noteSignaturesMax) return malformed("too many signatures");
  const signatures = checkSignatures(text, lines, { known, ...scheme });
  return signatures.ok ? ok({ text, signatures: signatures.value }) : signatures;
}

/** The text of a note, signatures not looked at: for what names a note by its text, or must know whose it claims to be. */
export function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf("\n\n") + 1);
}

function checkSignatures(
  text: string,
  lines: readonly string[],
  { known, type, verify }: Scheme & { readonly known: readonly Verifier[] },
): Result<readonly Signature[], NoteRefusal> {
  const signatures: Signature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === undefined) return malformed("signature line");
    const { name, bytes } = signature;
    const verifier = known.find((key) => key.name === name && equal(keyId(key, type), signature.keyId));
    if (verifier === undefined || signatures.some((one) => one.verifier === verifier)) continue;
    if (!verify(verifier, text, bytes)) return refuse({ kind: "forged-signature", name });
    signatures.push({ verifier, bytes });
  }
  return ok(signatures);
}

/** Ed25519 over the text itself. */
export function verifies(verifier: Verifier, text: string, signature: Uint8Array): boolean {
  // RFC 8032 rules, not ZIP 215's: every verifier, OpenSSL included, must come to the same verdict.
  if (signature.length !== 64) return false;
  const { native, publicKey } = verifier;
  const message = toUtf8(text);
  return native?.(signature, message) ?? ed25519.verify(signature, message, publicKey, { zip215: false });
}

function parseSignatureLine(
  line: string,
): { name: string; keyId: Uint8Array; bytes: Uint8Array } | undefined {
  if (!line.startsWith(signaturePrefix)) return undefined;
  const [name = "", encoded = "", ...rest] = line.slice(signaturePrefix.length).split(" ");
  const decoded = fromBase64(encoded);
  if (rest.length > 0 || !isKeyName(name) || !decoded.ok || decoded.value.length < 5) return undefined;
  return { name, keyId: decoded.value.slice(0, 4), bytes: decoded.value.slice(4) };
}

function signatureLine(text: string, signer: Signer): string {
  return formatSignature(verifierOf(signer), signatureOf(text, signer));
}

/** Ed25519 over the text, 64 bytes. */
export function signatureOf(text: string, { native, secretKey }: Signer): Uint8Array {
  return native?.sign(toUtf8(text)) ?? ed25519.sign(toUtf8(text), secretKey);
}

/** A line under a note, with its newline. */
export function formatSignature(
  verifier: Verifier,
  signature: Uint8Array,
  type: KeyType = keyTypes.ed25519,
): string {
  return `${signaturePrefix}${verifier.name} ${toBase64(concat(keyId(verifier, type), signature))}\n`;
}

function keyId({ name, publicKey }: Verifier, type: KeyType): Uint8Array {
  return sha256(concat(toUtf8(name), Uint8Array.of(0x0a, type), publicKey)).slice(0, 4);
}

/** Names have no spaces and no plus sign, so that lines and vkeys split one way only. */
function isKeyName(name: string): boolean {
  return name !== "" && !/[\s+]/u.test(name);
}

/** A vkey's base64 may hold plus signs of its own: only the first two split. */
function splitVkey(text: string): string[] {
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  return first < 0 || second < 0
    ? []
    : [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

function faultInText(text: string): string | undefined {
  if (!text.endsWith("\n")) return "the text does not end in a newline";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return "the text holds a control character";
  }
  const decoded = fromUtf8(toUtf8(text));
  return decoded.ok && decoded.value === text ? undefined : "the text is not valid Unicode";
}

function malformed(why: string): { ok: false; error: NoteRefusal } {
  return refuse({ kind: "malformed-note", why });
}
