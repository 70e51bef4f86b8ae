import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { look } from "../../../firmware/board/clock.io.js";
import { openTls } from "../../../firmware/uplink/tls.io.js";
import { readIfThere } from "../disk.io.js";
import { fieldsOf } from "../fields.js";
import { send } from "../http.io.js";
import { systemClock } from "../world.io.js";
import { bad, type Finding, good, warning } from "./finding.js";

const dayMillis = 86_400_000;
const renewDays = 30;
const skewMillisMax = 60_000;
const queueWarning = 100;

interface Installed {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
  readonly mqttUrl: string;
  readonly cloudUrl: string;
}

/** Looks at what an installation left in `state`. */
export async function checkInstalled(state: string): Promise<readonly Finding[]> {
  const installed = readInstalled(state);
  if (installed === undefined)
    return [
      bad(
        "installation",
        `${state} holds no installed camera.`,
        "Install it: lintel install --claim TEXT --state DIR",
      ),
    ];
  return [
    checkModes(state),
    checkCertificate(installed),
    await checkBroker(installed),
    await checkTimeSource(),
    await checkClock(installed),
    checkQueue(state),
  ];
}

function readInstalled(state: string): Installed | undefined {
  const read = (name: string): string | undefined => readIfThere(join(state, "identity", name));
  const [key, certificate, ca, cloud] = ["tls.key", "tls.crt", "ca.pem", "cloud.json"].map(read);
  if (key === undefined || certificate === undefined || ca === undefined || cloud === undefined)
    return undefined;
  const fields = fieldsOf(JSON.parse(cloud), "cloud.json");
  return { key, certificate, ca, mqttUrl: fields.text("mqttUrl"), cloudUrl: fields.text("cloudUrl") };
}

function checkModes(state: string): Finding {
  const secret = ["identity", "identity/note.key", "identity/tls.key"].map((name) => join(state, name));
  const open = secret.filter((path) => (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077);
  return open.length === 0
    ? good("keys", "The camera's keys are readable by its own user only.")
    : bad("keys", `Others on this board can read ${open.join(", ")}.`, `Run: chmod go= ${open.join(" ")}`);
}

function checkCertificate({ key, certificate, ca }: Installed): Finding {
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
      `The certificate ended on ${own.validTo}.`,
      "Check the clock; if it is right, install anew.",
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
  const folder = join(state, "journal", "clips");
  if (statSync(folder, { throwIfNoEntry: false }) === undefined)
    return good("queue", "Nothing was recorded yet.");
  const names = readdirSync(folder, { recursive: true }).map(String);
  const done = new Set(names.filter((name) => name.endsWith(".done")).map((name) => name.slice(0, -5)));
  const waiting = names.filter((name) => name.endsWith(".seg") && !done.has(name.slice(0, -4))).length;
  const says = `${waiting} sealed segments wait for the cloud.`;
  return waiting > queueWarning
    ? warning("queue", says, "Check the network: they are safe on this card meanwhile.")
    : good("queue", says);
}
