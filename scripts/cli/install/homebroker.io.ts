import { chownSync, existsSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { openKeystore } from "../../../firmware/board/keystore.io.js";
import { lockDirectory } from "../../../firmware/board/lock.io.js";
import {
  forgetHome,
  type HomeBroker,
  homeBrokerFile,
  readHomeBroker,
  tryHome,
} from "../../../firmware/home/broker.io.js";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { readNamed, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";

export interface HomeBrokerOptions {
  readonly state: string;
  /** `undefined` shows what is set. */
  readonly url?: string;
  readonly off?: boolean;
  /** Pictures of who is at the door go there too, unsealed. */
  readonly picture?: boolean;
  /** A PEM file, for a broker with a certificate of the home's own. */
  readonly ca?: string;
}

/** Names the home's own MQTT broker, on which Home Assistant finds the doorbell; or takes the doorbell off it. */
export async function homeBroker(
  { state: folder, ...options }: HomeBrokerOptions,
  terminal: Terminal,
): Promise<void> {
  const state = resolve(folder);
  const camera = cameraIn(state);
  if (options.off) return takeOff(state, camera, terminal);
  if (options.url === undefined) return show(state, terminal);
  const broker = readBroker(options.url, options);
  const path = join(state, homeBrokerFile);
  writeDurably(path, `${JSON.stringify(broker)}\n`);
  giveToOwner(state, path);
  const why = await tryHome(broker, camera);
  terminal.json({ ...shown(broker), ...(why !== undefined && { trouble: why }) });
  if (why !== undefined)
    terminal.warn(
      `The broker does not take this camera now: ${why}. It is written down, and the camera goes on trying.`,
    );
  terminal.say(
    `Home Assistant finds the doorbell on ${textOf(broker)} when the camera starts next (systemctl restart lintel-camera).`,
  );
  if (broker.picture)
    terminal.say("Pictures of who is at the door go there unsealed: whoever reads that broker sees them.");
}

/** So that nothing of the camera stays on a broker that it leaves. Says what stays, and never stands in the way. */
export async function leaveHomeBroker(state: string, terminal: Terminal): Promise<void> {
  const broker = readHomeBroker(state);
  if (broker === undefined || broker === "damaged") return;
  const enrolment = openKeystore(state, systemClock, () => undefined).readEnrolment();
  if (!enrolment.ok) return;
  const { camera } = enrolment.value.identity;
  const why = await forgetHome(broker, camera);
  if (why === undefined) return;
  terminal.warn(
    `The home's broker ${textOf(broker)} was not told (${why}): Home Assistant still lists the doorbell. Delete the device there, and the retained topics homeassistant/device/${camera} and lintel/${camera} on the broker.`,
  );
}

function cameraIn(state: string): CameraId {
  const enrolment = existsSync(state)
    ? openKeystore(state, systemClock, () => undefined).readEnrolment()
    : undefined;
  if (!enrolment?.ok)
    throw new Refused(
      `${state} holds no camera. Name its folder (--state DIR), or run lintel install first.`,
    );
  return enrolment.value.identity.camera;
}

function show(state: string, terminal: Terminal): void {
  const broker = readHomeBroker(state);
  if (broker === "damaged")
    throw new Refused(
      `${join(state, homeBrokerFile)} is damaged. Name the broker again: lintel home-broker URL`,
    );
  terminal.json(broker === undefined ? { broker: null } : shown(broker));
  terminal.say(broker === undefined ? "No home's broker is named." : textOf(broker));
}

async function takeOff(state: string, camera: CameraId, terminal: Terminal): Promise<void> {
  const lock = await lockDirectory(state).catch(() => {
    throw new Refused(
      `The firmware is running on ${state} and would come back. Stop it first (systemctl stop lintel-camera), then give the same command again.`,
    );
  });
  try {
    await leaveHomeBroker(state, terminal);
    rmSync(join(state, homeBrokerFile), { force: true });
  } finally {
    lock.close();
  }
  terminal.json({ broker: null, camera });
  terminal.say("The doorbell is on no home's broker any more.");
}

function readBroker(given: string, { picture = false, ca }: HomeBrokerOptionsOfBroker): HomeBroker {
  const text = (given === "-" ? readNamed("-", "URL") : given).trim();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol;
  if (
    url === undefined ||
    (scheme !== "mqtt:" && scheme !== "mqtts:") ||
    url.hostname === "" ||
    /^\/./.test(url.pathname)
  )
    throw new Refused(
      "The home's broker is named as mqtt://HOST, mqtts://HOST:PORT or mqtt://USER:PASSWORD@HOST; - reads it from standard input, where no process list shows it.",
    );
  const tls = scheme === "mqtts:";
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (tls ? 8883 : 1883) : Number(url.port),
    tls,
    ...(url.username !== "" && { username: decoded(url.username) }),
    ...(url.password !== "" && { password: decoded(url.password) }),
    ...(ca !== undefined && { ca: readNamed(ca, "--ca") }),
    picture,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refused(
      "The broker's user or password holds a % that encodes nothing. Write a percent sign as %25.",
    );
  }
}

type HomeBrokerOptionsOfBroker = Pick<HomeBrokerOptions, "picture" | "ca">;

/** Without the password. */
function shown({ host, port, tls, username, picture }: HomeBroker): object {
  return { broker: { host, port, tls, ...(username !== undefined && { username }) }, picture };
}

function textOf({ host, port, tls }: HomeBroker): string {
  return `${tls ? "mqtts" : "mqtt"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Run by root, the command made a file that the camera's service could not read. */
function giveToOwner(state: string, path: string): void {
  const { uid, gid } = statSync(state);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
