// What cameras and the cloud say to each other, and what stands on a card between two starts.
import { parseRange } from "../../../cloud/api/range.js";
import { packetGuard } from "../../../cloud/broker/guard.js";
import { decodeFrame, decodeState, encodeFrame, encodeState } from "../../../firmware/recorder/frame.js";
import { millis } from "../../../shared/kernel/brand.js";
import { concat, toUtf8 } from "../../../shared/kernel/bytes.js";
import * as messages from "../../../shared/protocol/messages.js";
import { downTopic, parseDownTopic, parseUpTopic, upTopic } from "../../../shared/protocol/topics.js";
import { hashOf, hashOfText } from "../../../shared/seal/hash.js";
import { vectors } from "../../../shared/vectors/vectors.contract.js";
import { jsonIn } from "../change.js";
import { mustHold, orMalformed, type Target, textsIn, textTarget } from "../target.js";

type Malformed = { readonly kind: "malformed" };
const malformed = ["malformed"] as const;
const hash = hashOfText("x");
const times = { from: millis(1), to: millis(2) };
const frame = encodeFrame({ note: "note", headerBytes: 200, serial: 3, manifest: hash, ...times });
const states = [
  encodeState({ serial: 0, manifest: "none" }),
  encodeState({
    serial: 3,
    manifest: hash,
    open: { clip: "01a0c450-6c7b-7303-8303-030303030303" as never, at: millis(1) },
  }),
];
const connect = Uint8Array.from([16, 16, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 4, 97, 98, 99, 100]);

const readers = {
  ...{ init: messages.readInit, clipAnswer: messages.readClipAnswer, thumbnail: messages.readThumbnail },
  ...{
    thumbnailAnswer: messages.readThumbnailAnswer,
    event: messages.readEvent,
    eventAck: messages.readEventAck,
  },
  ...{
    status: messages.readStatus,
    charterAsk: messages.readCharterAsk,
    charterAnswer: messages.readCharterAnswer,
  },
  delete: messages.readDelete,
} as const;

type MessageVectors = Readonly<
  Record<string, { readonly valid: readonly object[]; readonly invalid: readonly object[] }>
>;
const known = vectors<MessageVectors>("messages");

function messageTarget([name, read]: [string, messages.MessageReader<object>]): Target {
  const of = known[name] ?? { valid: [], invalid: [] };
  return {
    ...{ name: `message-${name}`, about: `${name} messages`, form: "json", bytesMax: 128 * 1024 },
    seeds: [...of.valid, ...of.invalid].map(messages.writeMessage).filter(({ length }) => length < 4_096),
    words: [...new Set(of.valid.flatMap((one) => Object.keys(one)))],
    kinds: ["too-long", "not-json", "not-the-schema"],
    run(input) {
      const message = read(input);
      if (!message.ok) return message.error.kind;
      mustHold(
        JSON.stringify(message.value) === JSON.stringify(jsonIn(input)),
        "a message says something else once it is read",
      );
      mustHold(Object.getPrototypeOf(message.value) === Object.prototype, "a message has another prototype");
      return "ok";
    },
  };
}

export const wireTargets: readonly Target[] = [
  textTarget<Malformed>({
    ...{ name: "topic", about: "MQTT topics", seeds: textsIn("topics", "lt1/"), kinds: malformed },
    run(text) {
      const [up, down] = [parseUpTopic(text), parseDownTopic(text)];
      mustHold(
        up === undefined || upTopic(up.camera, up.topic) === text,
        "a topic is another one when written again",
      );
      mustHold(
        down === undefined || downTopic(down.camera, down.kind) === text,
        "a topic is another one when written again",
      );
      return orMalformed(() => up ?? down)(text);
    },
  }),
  ...Object.entries(readers).map(messageTarget),
  {
    ...{ name: "frame", about: "what stands before a segment on the card", form: "json", kinds: malformed },
    seeds: [frame.slice(45)],
    run(input) {
      const read = decodeFrame(summed(input));
      if (read !== undefined)
        mustHold(decodeFrame(encodeFrame(read)) !== undefined, "a frame is none when written again");
      return read === undefined ? "malformed" : "ok";
    },
  },
  {
    ...{ name: "journal-state", about: "what the journal knows at a start", form: "json", kinds: malformed },
    seeds: states.map((state) => state.slice(45)),
    run(input) {
      const read = decodeState(summed(input));
      if (read !== undefined)
        mustHold(decodeState(encodeState(read)) !== undefined, "a state is none when written again");
      return read === undefined ? "malformed" : "ok";
    },
  },
  {
    ...{ name: "packet-guard", about: "the sizes of MQTT packets", form: "bytes", kinds: ["refused"] },
    seeds: [connect, concat(connect, connect), Uint8Array.of(48, 255, 255, 255, 127)],
    run(input) {
      const whole = packetGuard({ firstBytesMax: 100, bytesMax: 1_000 }).accepts(input);
      const inPieces = packetGuard({ firstBytesMax: 100, bytesMax: 1_000 });
      let accepted = true;
      for (const byte of input) accepted = inPieces.accepts(Uint8Array.of(byte));
      mustHold(accepted === whole, "the guard judges by how a packet is cut");
      return whole ? "ok" : "refused";
    },
  },
  textTarget<Malformed>({
    ...{
      name: "range",
      about: "ranges of bytes",
      seeds: ["bytes=0-99", "bytes=-5", "bytes=10-"],
      kinds: malformed,
    },
    run(text) {
      const range = parseRange(text, 1_000);
      if (typeof range === "string") return { ok: false, error: { kind: "malformed" } };
      mustHold(
        range.start >= 0 && range.start < range.end && range.end <= 1_000,
        "a range lies outside of what there is",
      );
      return { ok: true, value: range };
    },
  }),
];

/** Whatever stands behind a sum that fits. */
function summed(json: Uint8Array): Uint8Array {
  return concat(toUtf8(`${hashOf(json)}\n`), json);
}
