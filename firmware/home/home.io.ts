import type { MqttClient } from "mqtt";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { Log, Random } from "../../shared/kernel/ports.js";
import type { Status } from "../../shared/protocol/messages.js";
import { connectHome, readHomeBroker } from "./broker.io.js";
import {
  type Doorbell,
  describe,
  discoveryTopic,
  healthOf,
  homeTopic,
  statusTopic,
  type Told,
} from "./discovery.js";

/** The home's own side of the doorbell. Nothing here waits for it, and nothing here throws. */
export interface Home {
  /** A press or a movement, when it happens: what the broker misses is over. */
  happened(kind: "press" | "motion"): void;
  status(status: Status): void;
  /** A picture with its masks painted, as the recording has it. */
  picture(jpeg: Uint8Array): void;
  close(): Promise<void>;
}

export interface HomeOptions {
  readonly state: string;
  readonly camera: CameraId;
  readonly name: string;
  readonly firmware: string;
  readonly certificateDays: () => number;
  readonly random: Random;
  readonly log: Log;
}

/** Pauses between tries, so that homes do not come back together. */
const pauseMillis = { least: 15_000, more: 30_000 };
/** What a slow broker has not taken yet; beyond it nothing more is given to it. */
const waitingBytesMax = 1024 * 1024;
const closeMillisMax = 500;

const nothing: Home = {
  happened: () => undefined,
  status: () => undefined,
  picture: () => undefined,
  close: async () => undefined,
};

/** Shows the doorbell to Home Assistant on the home's broker, where the installer named one. */
export function openHome(options: HomeOptions): Home {
  const { state, camera, log } = options;
  const broker = readHomeBroker(state);
  if (broker === undefined) return nothing;
  if (broker === "damaged") {
    log("home.damaged", { todo: "lintel home-broker URL" });
    return nothing;
  }
  const part = (options.random.bytes(1)[0] ?? 0) / 256;
  const client = connectHome(broker, camera, {
    pauseMillis: pauseMillis.least + Math.round(part * pauseMillis.more),
    will: { topic: homeTopic(camera, "available"), payload: "offline" },
  });
  return follow(client, { ...options, picture: broker.picture });
}

function follow(client: MqttClient, options: HomeOptions & Doorbell): Home {
  const { camera, picture, certificateDays, log } = options;
  let health: string | undefined;
  const publish = (topic: string, payload: string | Uint8Array, retain = false): void => {
    if (!client.connected || client.stream.writableLength > waitingBytesMax) return;
    client.publish(topic, typeof payload === "string" ? payload : Buffer.from(payload), { qos: 0, retain });
  };
  const tell = (told: Told, payload: string | Uint8Array, retain = false): void =>
    publish(homeTopic(camera, told), payload, retain);
  const introduce = (): void => {
    publish(discoveryTopic(camera), JSON.stringify(describe(options)), true);
    tell("available", "online", true);
    if (health !== undefined) tell("health", health, true);
  };
  client.on("connect", () => {
    log("home.connected", {});
    client.subscribe(statusTopic, { qos: 0 }, () => undefined);
    introduce();
  });
  client.on("message", (topic, payload) => {
    if (topic === statusTopic && payload.length < 16 && payload.toString() === "online") introduce();
  });
  client.on("error", (error) => log("home.failed", { why: error.message.slice(0, 200) }));
  return {
    happened(kind) {
      if (kind === "press") tell("press", JSON.stringify({ event_type: "ring" }));
      else tell("motion", "ON");
    },
    status(status) {
      if (status.state !== "online") return;
      health = JSON.stringify(healthOf(status, certificateDays()));
      tell("health", health, true);
    },
    picture(jpeg) {
      if (picture) tell("picture", jpeg);
    },
    async close() {
      tell("available", "offline", true);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeMillisMax);
        client.end(false, {}, () => {
          clearTimeout(timer);
          resolve();
        });
      });
      client.end(true);
    },
  };
}
