import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static, type TSchema } from "typebox";
import { Compile } from "typebox/compile";
import {
  type CharterRefusal,
  type OpenedCharter,
  openNextCharter,
  openPinnedCharter,
  type SignedCharter,
} from "../../shared/charter/charter.js";
import { cameraKeyName } from "../../shared/charter/lines.js";
import { formatMode, type ModeOrder, parseMode } from "../../shared/charter/mode.js";
import { fromBase64, toBase64 } from "../../shared/kernel/bytes.js";
import { type CameraId, cameraIdOf, type HouseholdId } from "../../shared/kernel/ids.js";
import type { Clock, Log, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { signedCharterSchema } from "../../shared/protocol/messages.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { nativeSigner, nativeVerifier } from "../../shared/seal/native.io.js";
import { parseVerifier, type Signer, textOf, type Verifier, verifierOf } from "../../shared/seal/note.js";
import { readIfThere, setAside, writeDurably } from "./durable.io.js";

/** Who the camera is. Made on the board; the private halves never leave it. */
export interface CameraIdentity {
  readonly camera: CameraId;
  /** Signs manifests and ciphertext notes. */
  readonly signer: Signer;
  /** PEM, PKCS #8. */
  readonly tlsKey: string;
  /** DER, SubjectPublicKeyInfo. */
  readonly tlsPublicKey: Uint8Array;
}

const cloudSchema = Type.Object({
  /** `mqtts://host:port` */
  mqttUrl: Type.String({
    pattern: "^mqtts://[a-zA-Z0-9.-]+(:[0-9]{1,5})?$|^mqtts://\\[[0-9a-fA-F:]+\\](:[0-9]{1,5})?$",
  }),
  /** vkey of the vault, which signs receipts. */
  vaultKey: Type.String(),
  /** The HTTP API, `https://host[:port]`. */
  cloudUrl: Type.String(),
});
export type CloudAddress = Static<typeof cloudSchema>;

/** What the installer hands over once the household has signed the camera in. */
export interface NewEnrolment {
  /** From the first that names the camera on; each was opened by the installer. */
  readonly charters: readonly SignedCharter[];
  /** PEM. */
  readonly certificate: string;
  readonly ca: string;
  readonly cloud: CloudAddress;
}

export interface Enrolment {
  readonly identity: CameraIdentity;
  readonly certificate: string;
  readonly ca: string;
  readonly cloud: CloudAddress;
  readonly vault: Verifier;
  readonly charters: readonly SignedCharter[];
  /** The newest of them. */
  readonly charter: OpenedCharter;
  /** The mode order that was obeyed last; `lost` when the card damaged or lost it. */
  readonly mode: ModeOrder | "lost" | undefined;
}

export type KeystoreRefusal =
  | { readonly kind: "not-enrolled"; readonly missing: string }
  | { readonly kind: "damaged"; readonly file: string; readonly aside: string }
  | { readonly kind: "bad-charter"; readonly why: CharterRefusal };

/** The camera's state directory, apart from its journal. */
export interface Keystore {
  /** The identity, made now if there is none. Safe to repeat after a kill at any moment. */
  createIdentity(random: Random): CameraIdentity;
  saveEnrolment(enrolment: NewEnrolment): void;
  saveSettings(settings: Readonly<Record<string, unknown>>): void;
  readEnrolment(): Result<Enrolment, KeystoreRefusal>;
  /** The installer's choices; empty when there are none or the file was damaged. */
  readSettings(): Readonly<Record<string, unknown>>;
  /** Charters that follow the newest one. Durable when it returns. */
  addCharters(added: readonly SignedCharter[]): void;
  /** The certificate to show from now on. Durable when it returns. */
  saveCertificate(pem: string): void;
  /** The mode order to obey from now on. Durable when it returns. */
  saveMode(order: ModeOrder): void;
}

const chartersSchema = Type.Array(signedCharterSchema, { minItems: 1 });
/** Charters kept on the card, the newest; a camera needs only the last to follow. */
const chartersKeptMax = 64;
const noteKeyBytes = 32;

/** Writes nothing until it is told to save. Its methods throw when the directory cannot be read or written. */
export function openKeystore(directory: string, clock: Clock, log: Log): Keystore {
  const files = filesIn(directory);

  const damaged = (file: string): Result<never, KeystoreRefusal> => {
    const aside = setAside(file, clock.wall());
    log("keystore.damaged", { file, aside });
    return refuse({ kind: "damaged", file, aside });
  };

  /** The file as `parse` understands it; what it does not understand is set aside. */
  const read = <T>(file: string, parse: (text: string) => T | undefined): Result<T, KeystoreRefusal> => {
    const bytes = readIfThere(file);
    if (bytes === undefined) return refuse({ kind: "not-enrolled", missing: file });
    const value = parse(bytes.toString());
    return value === undefined ? damaged(file) : ok(value);
  };

  const readIdentity = (): Result<CameraIdentity, KeystoreRefusal> => {
    const secret = read(files.noteKey, parseNoteKey);
    if (!secret.ok) return secret;
    const tls = read(files.tlsKey, parseTlsKey);
    return tls.ok ? ok(identityOf(secret.value, tls.value)) : tls;
  };

  return {
    createIdentity(random) {
      tighten([files.noteKey, files.tlsKey], log);
      // Power lost between the two: the next call makes what is missing; nobody has seen the first yet.
      if (readIfThere(files.noteKey) === undefined)
        writeDurably(files.noteKey, `${toBase64(random.bytes(noteKeyBytes))}\n`);
      if (readIfThere(files.tlsKey) === undefined) writeDurably(files.tlsKey, newTlsKey());
      const identity = readIdentity();
      if (!identity.ok)
        throw new Error(`The keys in ${directory}/identity cannot be read; start with an empty directory.`);
      return identity.value;
    },
    saveEnrolment({ charters, certificate, ca, cloud }) {
      writeDurably(files.ca, ca);
      writeDurably(files.certificate, certificate);
      writeDurably(files.cloud, json(cloud));
      // An order of before stays: the same camera may be installed again after its charter was damaged.
      for (const file of [files.mode, files.modeCopy])
        if (readIfThere(file) === undefined) writeDurably(file, noMode);
      // Last: with the charter the camera is enrolled. Power lost before it: the installer goes on where it was.
      writeDurably(files.charter, json(charters));
    },
    saveSettings: (settings) => writeDurably(files.settings, json(settings)),
    readEnrolment() {
      const enrolment = readEnrolment(files, read, readIdentity);
      if (enrolment.ok) tighten([files.noteKey, files.tlsKey], log);
      return enrolment;
    },
    readSettings() {
      const settings = read(files.settings, parseAs(Type.Record(Type.String(), Type.Unknown())));
      return settings.ok ? settings.value : {};
    },
    addCharters(added) {
      const known = read(files.charter, parseAs(chartersSchema));
      const all = [...(known.ok ? known.value : []), ...added];
      // Power lost before this is durable: the old charter is followed on, and the cloud is asked again.
      writeDurably(files.charter, json(all.slice(-chartersKeptMax)));
    },
    saveCertificate: (pem) => writeDurably(files.certificate, pem),
    // Power lost before it is durable: the order before is obeyed, and the cloud is asked for the newest; between the two: the newer.
    saveMode(order) {
      for (const file of [files.mode, files.modeCopy]) writeDurably(file, formatMode(order));
    },
  };
}

/**
 * The newer of the two copies. That there is no order yet both must say: a file that is damaged or gone must not become the most that
 * the charter allows, at the next start either. Nor does an order count that another household's member gave.
 */
function readMode(files: readonly string[], household: HouseholdId, read: Read): Enrolment["mode"] {
  const found = files.map((file) => read(file, parseStoredMode));
  const known = found.flatMap((one) => (one.ok ? [one.value] : []));
  const orders = known.flatMap((one) =>
    typeof one === "string" || one.household !== household ? [] : [one],
  );
  const [first, second] = orders;
  const newest =
    second !== undefined && first !== undefined && second.counter > first.counter ? second : first;
  if (newest === undefined && known.length === files.length && known.every((one) => one === "none"))
    return undefined;
  if (orders.length === files.length) return newest;
  // Power lost between the two: the next start finds one of them at least, or none once more.
  for (const file of files) writeDurably(file, newest === undefined ? lostMode : formatMode(newest));
  return newest ?? "lost";
}

const noMode = "none\n";
const lostMode = "lost\n";

/** Its signature was checked before it was written; whoever can write here has the keys as well. */
export function parseStoredMode(text: string): ModeOrder | "lost" | "none" | undefined {
  if (text === lostMode) return "lost";
  if (text === noMode) return "none";
  const order = parseMode(text);
  return order.ok ? order.value : undefined;
}

function filesIn(directory: string) {
  const identity = (name: string): string => join(directory, "identity", name);
  return {
    noteKey: identity("note.key"),
    tlsKey: identity("tls.key"),
    certificate: identity("tls.crt"),
    ca: identity("ca.pem"),
    cloud: identity("cloud.json"),
    charter: join(directory, "charter.json"),
    mode: join(directory, "mode.txt"),
    modeCopy: join(directory, "mode.copy.txt"),
    settings: join(directory, "settings.json"),
  };
}

type Files = ReturnType<typeof filesIn>;
type Read = <T>(file: string, parse: (text: string) => T | undefined) => Result<T, KeystoreRefusal>;

function readEnrolment(
  files: Files,
  read: Read,
  readIdentity: () => Result<CameraIdentity, KeystoreRefusal>,
): Result<Enrolment, KeystoreRefusal> {
  const identity = readIdentity();
  if (!identity.ok) return identity;
  const certificate = read(files.certificate, parsePem);
  if (!certificate.ok) return certificate;
  const ca = read(files.ca, parsePem);
  if (!ca.ok) return ca;
  const cloud = read(files.cloud, parseCloud);
  if (!cloud.ok) return cloud;
  const charters = read(files.charter, parseAs(chartersSchema));
  if (!charters.ok) return charters;
  const charter = openKept(charters.value);
  if (!charter.ok) return refuse({ kind: "bad-charter", why: charter.error });
  return ok({
    identity: identity.value,
    certificate: certificate.value,
    ca: ca.value,
    ...cloud.value,
    charters: charters.value,
    charter: charter.value,
    mode: readMode([files.mode, files.modeCopy], charter.value.household, read),
  });
}

/** The newest of the charters in the text of `charter.json`; `undefined` when they do not hold. */
export function newestCharterIn(text: string): OpenedCharter | undefined {
  const charters = parseAs(chartersSchema)(text);
  const opened = charters && openKept(charters);
  return opened?.ok === true ? opened.value : undefined;
}

/** The first was pinned when the camera was enrolled, and stands for itself here; each later one must follow it. */
function openKept(charters: readonly SignedCharter[]): Result<OpenedCharter, CharterRefusal> {
  const [first, ...later] = charters;
  if (first === undefined) return refuse({ kind: "not-the-next-charter", have: 0, found: 0 });
  let opened = openPinnedCharter(first, hashOfText(textOf(first.note)));
  for (const signed of later) {
    if (!opened.ok) return opened;
    opened = openNextCharter(opened.value, signed);
  }
  return opened;
}

/** A key that others may read is no secret for long. */
function tighten(keys: readonly string[], log: Log): void {
  for (const file of keys) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode;
    if (mode === undefined || (mode & 0o077) === 0) continue;
    chmodSync(file, 0o600);
    log("keystore.mode-tightened", { file, was: (mode & 0o777).toString(8) });
  }
}

function identityOf(
  secretKey: Uint8Array,
  tls: { readonly pem: string; readonly spki: Uint8Array },
): CameraIdentity {
  const camera = cameraIdOf(verifierOf({ name: "camera", secretKey }).publicKey);
  const signer = nativeSigner({ name: cameraKeyName(camera), secretKey });
  return { camera, signer, tlsKey: tls.pem, tlsPublicKey: tls.spki };
}

function newTlsKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function parseNoteKey(text: string): Uint8Array | undefined {
  const key = fromBase64(text.trim());
  return key.ok && key.value.length === noteKeyBytes ? key.value : undefined;
}

function parseTlsKey(pem: string): { readonly pem: string; readonly spki: Uint8Array } | undefined {
  try {
    const spki = createPublicKey(pem).export({ type: "spki", format: "der" });
    return { pem, spki: new Uint8Array(spki) };
  } catch {
    return undefined;
  }
}

function parsePem(text: string): string | undefined {
  try {
    new X509Certificate(text);
    return text;
  } catch {
    return undefined;
  }
}

function parseCloud(text: string): { readonly cloud: CloudAddress; readonly vault: Verifier } | undefined {
  const cloud = parseAs(cloudSchema)(text);
  const vault = cloud === undefined ? undefined : parseVerifier(cloud.vaultKey);
  return cloud !== undefined && vault?.ok === true
    ? { cloud, vault: nativeVerifier(vault.value) }
    : undefined;
}

function parseAs<T extends TSchema>(schema: T): (text: string) => Static<T> | undefined {
  return (text) => {
    try {
      const value: unknown = JSON.parse(text);
      return Compile(schema).Check(value) ? (value as Static<T>) : undefined;
    } catch {
      return undefined;
    }
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
