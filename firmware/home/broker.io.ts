import { readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { MqttClient } from "mqtt";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import type { CameraId } from "../../shared/kernel/ids.js";
import { retainedTopics } from "./discovery.js";

/** In the state directory, 0600: the password of somebody else's broker is in it. */
export const homeBrokerFile = "homebroker.json";

const homeBrokerSchema = Type.Object(
  {
    host: Type.String({ minLength: 1, maxLength: 253 }),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    tls: Type.Boolean(),
    username: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    /** PEM, of an authority of the home's own. */
    ca: Type.Optional(Type.String()),
    /** The owner wants pictures of who is at the door on this broker, where they are not sealed. */
    picture: Type.Boolean(),
  },
  { additionalProperties: false },
);
const compiled = Compile(homeBrokerSchema);
export type HomeBroker = Static<typeof homeBrokerSchema>;

/** `undefined` where none is set; `damaged` where the file is not what the installer wrote. */
export function readHomeBroker(state: string): HomeBroker | "damaged" | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(join(state, homeBrokerFile), "utf8"));
    return compiled.Check(found) ? found : "damaged";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT" ? undefined : "damaged";
  }
}

const connectMillisMax = 10_000;
const keepaliveSeconds = 30;
/** More than this in a minute is no broker's of ours: we listen to one word. */
const heardBytesMax = 64 * 1024;
const heardMillis = 60_000;

export interface HomeConnection {
  /** Comes back by itself after a pause; 0: never. */
  readonly pauseMillis: number;
  readonly will?: { readonly topic: string; readonly payload: string };
}

/** A connection of its own, beside the one to the cloud: nothing of that is told here. */
export function connectHome(
  broker: HomeBroker,
  camera: CameraId,
  { pauseMillis, will }: HomeConnection,
): MqttClient {
  const { host, port, tls, ca } = broker;
  const open = (): Socket => {
    const socket = tls
      ? connectTls({ host, port, servername: host, ...(ca && { ca }) })
      : connectTcp({ host, port });
    return bounded(socket.setNoDelay(true));
  };
  return new MqttClient(open, {
    protocolId: "MQTT",
    protocolVersion: 4,
    clientId: `lintel-${camera}`,
    clean: true,
    keepalive: keepaliveSeconds,
    connectTimeout: connectMillisMax,
    reconnectPeriod: pauseMillis,
    queueQoSZero: false,
    ...(broker.username !== undefined && { username: broker.username }),
    ...(broker.password !== undefined && { password: broker.password }),
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 0, retain: true } }),
  });
}

/** Ends a connection on which more comes than anybody has to tell us: it would have to be kept in memory. */
function bounded(socket: Socket): Socket {
  let heard = 0;
  const timer = setInterval(() => {
    heard = 0;
  }, heardMillis);
  timer.unref();
  socket.on("data", (data) => {
    heard += data.length;
    if (heard > heardBytesMax) socket.destroy(new Error("the home's broker sends too much"));
  });
  socket.once("close", () => clearInterval(timer));
  return socket;
}

/** Tries the broker once; a word on why it does not go. */
export function tryHome(broker: HomeBroker, camera: CameraId): Promise<string | undefined> {
  return withHome(broker, camera, async () => undefined);
}

/** Takes everything away that stays on the broker for this camera; a word on why it does not go. */
export function forgetHome(broker: HomeBroker, camera: CameraId): Promise<string | undefined> {
  return withHome(broker, camera, async (client) => {
    for (const topic of retainedTopics(camera))
      await client.publishAsync(topic, "", { qos: 1, retain: true });
  });
}

function withHome(
  broker: HomeBroker,
  camera: CameraId,
  use: (client: MqttClient) => Promise<void>,
): Promise<string | undefined> {
  const client = connectHome(broker, camera, { pauseMillis: 0 });
  return new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => resolve("it does not answer"), connectMillisMax);
    const done = (why?: string): void => {
      clearTimeout(timer);
      resolve(why);
    };
    client.on("error", ({ message }) => done(message));
    client.on("close", () => done("it ended the connection"));
    client.once("connect", () =>
      use(client).then(
        () => done(),
        (error: unknown) => done(String(error)),
      ),
    );
  }).finally(() => client.end(true));
}
