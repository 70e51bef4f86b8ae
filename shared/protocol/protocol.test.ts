import fc from "fast-check";
import { test } from "tap";
import { isCameraId } from "../kernel/ids.js";
import { vectors } from "../vectors/vectors.contract.js";
import { chunkBytesMax } from "./limits.js";
import {
  jsonBytesMax,
  type MessageReader,
  readCharterAnswer,
  readCharterAsk,
  readClipAnswer,
  readDelete,
  readEvent,
  readEventAck,
  readInit,
  readStatus,
  readThumbnail,
  readThumbnailAnswer,
  writeMessage,
} from "./messages.js";
import { type DownKind, downTopic, parseDownTopic, parseUpTopic, type UpTopic, upTopic } from "./topics.js";

interface TopicVectors {
  readonly up: readonly ({ readonly topic: string } & UpTopic)[];
  readonly down: readonly { readonly topic: string; readonly kind: DownKind }[];
  readonly invalid: readonly string[];
}

test("topics read as the vectors say and are written back the same", async (t) => {
  const { up, down, invalid } = vectors<TopicVectors>("topics");
  for (const { topic, ...expected } of up) {
    const parsed = parseUpTopic(topic);
    t.same(parsed?.topic, expected, topic);
    t.equal(parsed && upTopic(parsed.camera, parsed.topic), topic);
    t.equal(parseDownTopic(topic), undefined);
  }
  for (const { topic, kind } of down) {
    const parsed = parseDownTopic(topic);
    t.equal(parsed?.kind, kind, topic);
    t.equal(parsed && downTopic(parsed.camera, kind), topic);
    t.equal(parseUpTopic(topic), undefined);
  }
  for (const topic of invalid) t.notOk(parseUpTopic(topic) ?? parseDownTopic(topic), JSON.stringify(topic));
});

test("topics fit the strictest broker: at most 7 slashes, no dots, no spaces", async (t) => {
  const { up, down } = vectors<TopicVectors>("topics");
  for (const { topic } of [...up, ...down]) {
    t.ok(topic.split("/").length <= 8, topic);
    t.notMatch(topic, /[. ]/);
  }
  t.ok(2 * chunkBytesMax < 64_000, "two chunks under way stay below 64 KB");
});

const readers: Readonly<Record<string, MessageReader<unknown>>> = {
  init: readInit,
  clipAnswer: readClipAnswer,
  event: readEvent,
  eventAck: readEventAck,
  status: readStatus,
  charterAsk: readCharterAsk,
  charterAnswer: readCharterAnswer,
  delete: readDelete,
  thumbnail: readThumbnail,
  thumbnailAnswer: readThumbnailAnswer,
};

test("messages are read or refused as the vectors say", async (t) => {
  const all = vectors<Record<string, { valid: object[]; invalid: object[] }>>("messages");
  for (const [name, read] of Object.entries(readers)) {
    const cases = all[name];
    t.ok(cases && cases.valid.length > 0 && cases.invalid.length > 0, `${name} has vectors of both kinds`);
    for (const message of cases?.valid ?? [])
      t.same(read(writeMessage(message)), { ok: true, value: message }, name);
    for (const message of cases?.invalid ?? [])
      t.notOk(read(writeMessage(message)).ok, JSON.stringify(message));
  }
});

test("no bytes make a reader throw, and oversized ones are not even parsed", async (t) => {
  for (const read of Object.values(readers)) {
    fc.assert(fc.property(fc.uint8Array(), (payload) => !read(payload).ok));
    fc.assert(fc.property(fc.json(), (text) => typeof read(new TextEncoder().encode(text)).ok === "boolean"));
    const tooLong = read(new Uint8Array(jsonBytesMax + 1));
    t.equal(tooLong.ok ? "read" : tooLong.error.kind, "too-long");
  }
  fc.assert(
    fc.property(
      fc.string(),
      (text) => parseUpTopic(text) === undefined || isCameraId(text.split("/")[1] ?? ""),
    ),
  );
});
