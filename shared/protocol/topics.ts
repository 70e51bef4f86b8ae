import { type CameraId, type ClipId, isCameraId, isClipId } from "../kernel/ids.js";
import { parseDecimal } from "../seal/fields.js";

/** Version 1 of the wire between camera and cloud; every topic starts with it. At most 7 slashes, no dots, no spaces. */
export const topicRoot = "lt1";

export type UpTopic =
  | { readonly kind: "init" | "event" | "status" | "charter" | "thumbnail" }
  | {
      readonly kind: "chunk";
      readonly node: string;
      readonly clip: ClipId;
      readonly index: number;
      /** Where the payload belongs in the segment's body, in bytes. */
      readonly offset: number;
    };

export type DownKind = "clip" | "event" | "charter" | "delete" | "thumbnail";

const upWords = {
  init: "init",
  event: "ev",
  status: "status",
  charter: "charter",
  thumbnail: "thumb",
} as const;
const downWords = {
  clip: "clip",
  event: "ev",
  charter: "charter",
  delete: "delete",
  thumbnail: "thumb",
} as const;
const upKinds = ["init", "event", "status", "charter", "thumbnail"] as const;
const downKinds = ["clip", "event", "charter", "delete", "thumbnail"] as const;

export function upTopic(camera: CameraId, topic: UpTopic): string {
  const root = `${topicRoot}/${camera}/up`;
  if (topic.kind !== "chunk") return `${root}/${upWords[topic.kind]}`;
  return `${root}/c/${topic.node}/${topic.clip}/${topic.index}/${topic.offset}`;
}

export function downTopic(camera: CameraId, kind: DownKind): string {
  return `${topicRoot}/${camera}/down/${downWords[kind]}`;
}

/** What a camera's message is about; `undefined` for a topic that the protocol does not have. */
export function parseUpTopic(
  text: string,
): { readonly camera: CameraId; readonly topic: UpTopic } | undefined {
  const [root, camera = "", direction, word, ...rest] = text.split("/");
  if (root !== topicRoot || direction !== "up" || !isCameraId(camera)) return undefined;
  const topic = word === "c" ? parseChunk(rest) : rest.length === 0 ? parsePlain(word) : undefined;
  return topic === undefined ? undefined : { camera, topic };
}

export function parseDownTopic(
  text: string,
): { readonly camera: CameraId; readonly kind: DownKind } | undefined {
  const [root, camera = "", direction, word, ...rest] = text.split("/");
  const kind = downKinds.find((one) => downWords[one] === word);
  if (root !== topicRoot || direction !== "down" || !isCameraId(camera)) return undefined;
  return kind === undefined || rest.length > 0 ? undefined : { camera, kind };
}

/** Names of ingest nodes: short, and safe in a topic. */
function isNodeName(text: string): boolean {
  return /^[a-z0-9-]{1,23}$/.test(text);
}

function parsePlain(word: string | undefined): UpTopic | undefined {
  const kind = upKinds.find((one) => upWords[one] === word);
  return kind === undefined ? undefined : { kind };
}

function parseChunk(words: readonly string[]): UpTopic | undefined {
  const [node = "", clip = "", indexText = "", offsetText = "", ...rest] = words;
  const index = parseDecimal(indexText);
  const offset = parseDecimal(offsetText);
  if (!isNodeName(node) || !isClipId(clip) || rest.length > 0) return undefined;
  return index === undefined || offset === undefined
    ? undefined
    : { kind: "chunk", node, clip, index, offset };
}
