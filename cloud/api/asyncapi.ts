import type { TSchema } from "typebox";
import { chunkBytesMax } from "../../shared/protocol/limits.js";
import {
  charterAnswerSchema,
  charterAskSchema,
  clipAnswerSchema,
  deleteSchema,
  eventAckSchema,
  eventSchema,
  initSchema,
  statusSchema,
  thumbnailAnswerSchema,
  thumbnailSchema,
} from "../../shared/protocol/messages.js";
import { topicRoot } from "../../shared/protocol/topics.js";

interface Channel {
  readonly name: string;
  readonly topic: string;
  /** Who sends: the camera on `up`, the cloud on `down`. */
  readonly direction: "up" | "down";
  readonly summary: string;
  /** JSON's schema; without it the payload is raw bytes. */
  readonly payload?: TSchema;
}

const channels: readonly Channel[] = [
  {
    name: "init",
    topic: "up/init",
    direction: "up",
    summary: "Here is a sealed segment; what of it have you got?",
    payload: initSchema,
  },
  {
    name: "chunk",
    topic: "up/c/{node}/{clip}/{segment}/{offset}",
    direction: "up",
    summary: `Up to ${chunkBytesMax} sealed bytes of a segment's body from this offset on`,
  },
  {
    name: "clip",
    topic: "down/clip",
    direction: "down",
    summary: "How far a segment is, that it is stored, or why not",
    payload: clipAnswerSchema,
  },
  {
    name: "event",
    topic: "up/ev",
    direction: "up",
    summary: "A press, motion or gap; repeated until acknowledged",
    payload: eventSchema,
  },
  {
    name: "eventAck",
    topic: "down/ev",
    direction: "down",
    summary: "These events are stored",
    payload: eventAckSchema,
  },
  {
    name: "thumbnail",
    topic: "up/thumb",
    direction: "up",
    summary: "A clip's sealed picture; repeated until answered, lost by a power cut",
    payload: thumbnailSchema,
  },
  {
    name: "thumbnailAnswer",
    topic: "down/thumb",
    direction: "down",
    summary: "A clip's picture is stored, or why not",
    payload: thumbnailAnswerSchema,
  },
  {
    name: "status",
    topic: "up/status",
    direction: "up",
    summary: "How the camera is; retained, with `offline` as its will",
    payload: statusSchema,
  },
  {
    name: "charterAsk",
    topic: "up/charter",
    direction: "up",
    summary: "The charter version that the camera follows",
    payload: charterAskSchema,
  },
  {
    name: "charterAnswer",
    topic: "down/charter",
    direction: "down",
    summary: "Every later charter, in order",
    payload: charterAnswerSchema,
  },
  {
    name: "delete",
    topic: "down/delete",
    direction: "down",
    summary: "A member's signed deletion of a clip",
    payload: deleteSchema,
  },
];

/** AsyncAPI 3.0 of what cameras and cloud say to each other, made from the schemas that both check with. */
export function describeProtocol(): object {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Lintel camera and cloud",
      version: "1.0.0",
      description:
        "MQTT 3.1.1, QoS 1, TLS with client certificates: common name = user name = client id = camera. PUBACK is no evidence of storage; only `done` with the vault's receipt is.",
    },
    defaultContentType: "application/json",
    channels: Object.fromEntries(channels.map((channel) => [channel.name, describeChannel(channel)])),
    operations: Object.fromEntries(channels.map((channel) => [channel.name, describeOperation(channel)])),
  };
}

function describeChannel({ name, topic, payload, summary }: Channel): object {
  const address = `${topicRoot}/{camera}/${topic}`;
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, parameter = ""]) => parameter);
  const message =
    payload === undefined
      ? { name, summary, contentType: "application/octet-stream" }
      : { name, summary, contentType: "application/json", payload };
  return {
    address,
    parameters: Object.fromEntries(names.map((parameter) => [parameter, {}])),
    messages: { [name]: message },
  };
}

/** As the cloud sees it (AsyncAPI 3.0, "Operation Object"). */
function describeOperation({ name, direction, summary }: Channel): object {
  return {
    action: direction === "up" ? "receive" : "send",
    channel: { $ref: `#/channels/${name}` },
    summary,
    messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
  };
}
