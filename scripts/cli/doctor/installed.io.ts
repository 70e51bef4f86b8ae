import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { look } from "../../../firmware/board/clock.io.js";
import { openTls } from "../../../firmware/uplink/tls.io.js";
import { fingerprintOf } from "../../../shared/charter/claim.js";
import { toBase64 } from "../../../shared/kernel/bytes.js";
import { type CameraId, cameraIdOf } from "../../../shared/kernel/ids.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { readIfThere } from "../disk.io.js";
import { fieldsOf } from "../fields.js";
import { send } from "../http.io.js";
import { systemClock } from "../world.io.js";
import { bad, type Finding, good, warning } from "./finding.js";
import { checkRules } from "./rules.io.js";

const dayMillis = 86_400_000;
const renewDays = 30;
const skewMillisMax = 60_000;
const queueWarning = 100;
const noteKeyBytes = 32;

interface Installed {
  readonly camera: CameraId;
  readonly fingerprint: string;
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
  readonly mqttUrl: string;
  readonly cloudUrl: string;
}

/** Looks at what an installation left in `state`. */
export async function checkInstalled(state: string, hears = false): Promise<readonly Finding[]> {
  const missing = files
    .filter((name) => readIfThere(join(state, name)) === undefined)
    .map((name) => join(state, name));
  if (missing.length > 0 && missing.length < files.length && !missing.includes(join(state, "charter.json")))
    return [
      bad(
        "installation",
        `Missing: ${missing.join(", ")}.`,
        `Put back a copy. Without one move ${state} away, so that what waits in it is not lost, and install anew.`,
      ),
    ];
  const texts = readFiles(state);
  if (texts === undefined)
    return [
      bad(
        "installation",
        `${state} holds no installed camera.`,
        "Install it: lintel install --claim TEXT --state DIR",
      ),
    ];
  const damaged = files.filter((name) => !isSound(name, texts[name])).map((name) => join(state, name));
  if (damaged.length > 0)
    return [
      bad(
        "installation",
        `Damaged: ${damaged.join(", ")}.`,
        `Put back a copy. Without one move ${state} away, so that what waits in it is not lost, and install anew.`,
      ),
    ];
  const installed = installedIn(texts);
  return [
    checkModes(state),
    checkJournal(state),
    ...checkRules(state, { camera: installed.camera, charters: texts["charter.json"], hears }),
    checkCertificate(installed),
    await checkBroker(installed),
    await checkTimeSource(),
    await checkClock(installed),
    checkQueue(state),
  ];
}

const files = [
  "identity/note.key",
  "identity/tls.key",
  "identity/tls.crt",
  "identity/ca.pem",
  "identity/cloud.json",
  "charter.json",
] as const;
type Texts = Readonly<Record<(typeof files)[number], string>>;

/** `undefined` when one of them is not there. */
function readFiles(state: string): Texts | undefined {
  const texts = files.map((name) => [name, readIfThere(join(state, name))] as const);
  return texts.some(([, text]) => text === undefined) ? undefined : (Object.fromEntries(texts) as Texts);
}

/** Whether a file has its form; what it says is judged afterwards. */
function isSound(name: (typeof files)[number], text: string): boolean {
  try {
    switch (name) {
      case "identity/note.key":
        return Buffer.from(text.trim(), "base64").length === noteKeyBytes;
      case "identity/tls.key":
        return createPrivateKey(text).type === "private";
      case "identity/tls.crt":
      case "identity/ca.pem":
        return new X509Certificate(text).raw.length > 0;
      case "identity/cloud.json": {
        const fields = fieldsOf(JSON.parse(text), name);
        return URL.canParse(fields.text("mqttUrl")) && URL.canParse(fields.text("cloudUrl"));
      }
      case "charter.json":
        return Array.isArray(JSON.parse(text));
    }
  } catch {
    return false;
  }
}

function installedIn(texts: Texts): Installed {
  const fields = fieldsOf(JSON.parse(texts["identity/cloud.json"]), "cloud.json");
  const tls = createPublicKey(texts["identity/tls.key"]).export({ type: "spki", format: "der" });
  const secretKey = Buffer.from(texts["identity/note.key"].trim(), "base64");
  const { publicKey } = verifierOf({ name: "camera", secretKey });
  return {
    camera: cameraIdOf(publicKey),
    fingerprint: fingerprintOf({ noteKey: toBase64(publicKey), tlsKey: toBase64(tls) }),
    key: texts["identity/tls.key"],
    certificate: texts["identity/tls.crt"],
    ca: texts["identity/ca.pem"],
    mqttUrl: fields.text("mqttUrl"),
    cloudUrl: fields.text("cloudUrl"),
  };
}

function checkModes(state: string): Finding {
  const secret = ["identity", "identity/note.key", "identity/tls.key"].map((name) => join(state, name));
  const open = secret.filter((path) => (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077);
  return open.length === 0
    ? good("keys", "The camera's keys are readable by its own user only.")
    : bad("keys", `Others on this board can read ${open.join(", ")}.`, `Run: chmod go= ${open.join(" ")}`);
}

/** Where sealed footage waits: it must take files, whoever asks. */
function checkJournal(state: string): Finding {
  const folder = join(state, "journal");
  try {
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined)
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return good("card", "Footage can be kept on this card.");
  } catch (error) {
    const why = error instanceof Error && "code" in error ? error.code : error;
    return bad(
      "card",
      `Nothing can be kept in ${folder} (${why}).`,
      "A card that turns read-only is most often worn or was unplugged: look at dmesg, mount it for writing, or replace it.",
    );
  }
}

function checkCertificate({ fingerprint, key, certificate, ca }: Installed): Finding {
  const own = new X509Certificate(certificate);
  const authority = new X509Certificate(ca);
  const held = createPublicKey(createPrivateKey(key)).export({ format: "der", type: "spki" });
  const anew = "Reset the camera and install it with a new claim.";
  if (!own.publicKey.export({ format: "der", type: "spki" }).equals(held))
    return bad("certificate", "The certificate is for another key than this camera's.", anew);
  if (!own.verify(authority.publicKey))
    return bad("certificate", "The cloud's CA did not issue the certificate.", anew);
  const days = Math.floor((Date.parse(own.validTo) - systemClock.wall()) / dayMillis);
  if (days < 0)
    return bad(
      "certificate",
      `The certificate ended on ${own.validTo}. This camera's fingerprint is ${fingerprint}.`,
      "Check the clock. If it is right, keep the camera connected; an owner lets it in again: lintel member camera renew CAMERA",
    );
  const says = `The certificate holds for ${days} days.`;
  return days < renewDays
    ? warning("certificate", says, "Keep the camera connected: it is renewed in time.")
    : good("certificate", says);
}

async function checkBroker({ key, certificate, ca, mqttUrl }: Installed): Promise<Finding> {
  const { hostname, port } = new URL(mqttUrl);
  const host = hostname.replace(/^\[|\]$/g, "");
  try {
    const socket = await openTls({ host, port: Number(port || 8883) }, { key, certificate, ca }, true);
    socket.destroy();
    return good("cloud", "The broker is reachable and proves itself by the enrolled cloud's CA.");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return bad(
      "cloud",
      `The broker is not reachable: ${why}.`,
      "Check the network and the firewall (TCP 8883 out). Recording goes on meanwhile.",
    );
  }
}

async function checkTimeSource(): Promise<Finding> {
  return (await look()) === "synchronised"
    ? good("time source", "A time source has set the clock.")
    : warning(
        "time source",
        "No time source has set the clock: recordings say so.",
        "Let it be set: timedatectl set-ntp true",
      );
}

/** Against the cloud's clock: good enough to see a clock that is a year off. */
export async function checkClock({ cloudUrl, ca }: Pick<Installed, "cloudUrl" | "ca">): Promise<Finding> {
  try {
    const answer = await send({ url: cloudUrl, ca, onlyCa: true }, { method: "GET", path: "/healthz" });
    answer.destroy(); // its head is all that is wanted
    const skew = systemClock.wall() - Date.parse(answer.headers.date ?? "");
    if (Number.isNaN(skew))
      return warning(
        "clock",
        "The cloud tells no time to compare with.",
        "Compare the clock by hand: date -u",
      );
    return Math.abs(skew) <= skewMillisMax
      ? good("clock", "The clock agrees with the cloud's.")
      : warning(
          "clock",
          `The clock is ${Math.round(Math.abs(skew) / 1000)} s off the cloud's.`,
          "Let it be set: timedatectl set-ntp true",
        );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return warning(
      "clock",
      `The clock could not be compared: ${why}.`,
      "Check the network, or compare by hand: date -u",
    );
  }
}

function checkQueue(state: string): Finding {
  const waiting = waitingSegments(state);
  const says = `${waiting} sealed segments wait for the cloud.`;
  return waiting > queueWarning
    ? warning("queue", says, "Check the network: they are safe on this card meanwhile.")
    : good("queue", says);
}

/** Sealed segments on the card that the vault has not signed for. */
export function waitingSegments(state: string): number {
  const folder = join(state, "journal", "clips");
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return 0;
  const names = readdirSync(folder, { recursive: true }).map(String);
  const done = new Set(names.filter((name) => name.endsWith(".done")).map((name) => name.slice(0, -5)));
  return names.filter((name) => name.endsWith(".seg") && !done.has(name.slice(0, -4))).length;
}
