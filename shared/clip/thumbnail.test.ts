import { test } from "tap";
import { bytes } from "../kernel/brand.js";
import { toBase64, toUtf8 } from "../kernel/bytes.js";
import { writeMessage } from "../protocol/messages.js";
import { upTopic } from "../protocol/topics.js";
import { newIdentity, recipientOf, seal, splitHeader } from "../seal/age.js";
import { hashOf } from "../seal/hash.js";
import { type Signer, signNote, verifierOf } from "../seal/note.js";
import { flippedBits, vectors } from "../vectors/vectors.contract.js";
import { checkThumbnail, formatThumbnail, parseThumbnail, thumbnailBytesMax } from "./thumbnail.js";

interface Vectors {
  readonly valid: readonly { readonly text: string }[];
  readonly invalid: readonly {
    readonly why: string;
    readonly text: string;
    readonly kind: string;
    readonly field?: string;
  }[];
}

const { valid, invalid } = vectors<Vectors>("thumbnail");
const signer: Signer = { name: "camera-27q6bbf6ee5qdzig", secretKey: new Uint8Array(32).fill(21) };
const camera = verifierOf(signer);

test("thumbnail notes read as the vectors say", (t) => {
  for (const { text } of valid) {
    const note = parseThumbnail(text);
    t.equal(note.ok && formatThumbnail(note.value), text);
  }
  for (const { why, text, kind, field } of invalid) {
    const note = parseThumbnail(text);
    t.match(note, { ok: false, error: { kind, ...(field && { field }) } }, why);
  }
  t.end();
});

/** The largest thumbnail there may be, sealed to one recipient. */
async function largest() {
  const recipient = await recipientOf(await newIdentity());
  const overhead = (await seal(new Uint8Array(40_000), [recipient])).length - 40_000;
  const sealed = await seal(new Uint8Array(thumbnailBytesMax - overhead), [recipient]);
  const [first] = valid;
  const note = parseThumbnail(first?.text ?? "");
  if (!note.ok) throw new Error("the first vector holds");
  const text = formatThumbnail({ ...note.value, bytes: bytes(sealed.length), sha256: hashOf(sealed) });
  return { sealed, text, note: signNote(text, [signer]) };
}

test("bytes that the camera did not sign are refused, and so are another's notes", async (t) => {
  const { sealed, text, note } = await largest();
  t.match(checkThumbnail({ note, sealed }, camera), { ok: true, value: { take: 1 } });
  for (const changed of flippedBits(sealed, 997))
    t.same(checkThumbnail({ note, sealed: changed }, camera).ok, false);
  const cut = checkThumbnail({ note, sealed: sealed.subarray(1) }, camera);
  t.match(cut, { error: { kind: "thumbnail-differs" } });
  for (const changed of flippedBits(toUtf8(text), 7)) {
    const forged = note.replace(text, new TextDecoder().decode(changed));
    t.notOk(checkThumbnail({ note: forged, sealed }, camera).ok);
  }
  const other = { name: signer.name, secretKey: new Uint8Array(32).fill(22) };
  t.notOk(checkThumbnail({ note: signNote(text, [other]), sealed }, camera).ok);
});

test("the largest thumbnail fits into a message of 64 KiB with its topic", async (t) => {
  const { sealed, note } = await largest();
  const split = splitHeader(sealed);
  if (!split.ok) throw new Error(split.error.kind);
  const { header, body } = split.value;
  const message = writeMessage({ v: 1, note, header: toBase64(header), body: toBase64(body) });
  const clip = parseThumbnail(valid[0]?.text ?? "");
  if (!clip.ok) throw new Error("the first vector holds");
  const topic = upTopic(clip.value.camera, { kind: "thumbnail" });
  // MQTT 3.1.1 §3.3: fixed header up to 5 bytes, length of the topic 2, packet identifier 2.
  t.ok(message.length + topic.length + 9 <= 64 * 1024, `${message.length} bytes`);
});
