import { test } from "tap";
import { type CharterCamera, cameraKeyName } from "../../../shared/charter/lines.js";
import { formatThumbnail, type ThumbnailNote } from "../../../shared/clip/thumbnail.js";
import { bytes, millis } from "../../../shared/kernel/brand.js";
import { cameraIdOf, householdIdOf, newClipId } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import { newIdentity, recipientOf, seal } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { signNote, verifierOf } from "../../../shared/seal/note.js";
import { sentenceOf } from "../sentences.js";
import { openPicture, type PictureRefusal } from "./picture.js";

const random = seededPrng(4);
const jpeg = Uint8Array.of(0xff, 0xd8, 1, 2, 3, 0xff, 0xd9);
const secretKey = random.bytes(32);
const { publicKey } = verifierOf({ name: "", secretKey });
const id = cameraIdOf(publicKey);
const household = householdIdOf(random.bytes(32));
const identity = await newIdentity();
const camera: CharterCamera = {
  ...{ id, noteKey: publicKey, tlsKeyHash: hashOf(publicKey), epoch: 1, name: "Door" },
  ...{ recipient: await recipientOf(identity), place: "outdoor", audio: false, modes: ["record"] },
  ...{ masks: [], zones: [] },
};
const trust = { household, camera, identities: [identity] };
const clip = newClipId(millis(9), random);

/** As the camera makes it, with changes. */
async function made(plain = jpeg, more: Partial<ThumbnailNote> = {}, key = secretKey) {
  const sealed = await seal(plain, [camera.recipient]);
  const facts = { bytes: bytes(sealed.length), sha256: hashOf(sealed) };
  const note = { household, camera: id, clip, take: 1, at: millis(1_750_000_000_000), ...facts, ...more };
  const signer = { name: cameraKeyName(id), secretKey: key };
  return { clip, sealed, note: signNote(formatThumbnail(note), [signer]) };
}

test("a picture opens when the clip's own camera signed every byte of it", async (t) => {
  t.match(await openPicture(await made(), trust), { value: { jpeg, note: { at: 1_750_000_000_000 } } });
});

test("whatever else the vault hands out is refused, each with its sentence", async (t) => {
  const good = await made();
  const flipped = good.sealed.slice();
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  const elsewhere = householdIdOf(random.bytes(32));
  const foreign = await newIdentity();
  const cases: readonly (readonly [string, Promise<{ ok: boolean; error?: PictureRefusal }>])[] = [
    ["thumbnail-differs", openPicture({ ...good, sealed: flipped }, trust)],
    ["thumbnail-differs", openPicture({ ...good, sealed: good.sealed.subarray(1) }, trust)],
    ["thumbnail-differs", openPicture({ ...(await made()), note: good.note }, trust)],
    ["other-clip", openPicture({ ...good, clip: newClipId(millis(10), random) }, trust)],
    ["other-clip", openPicture(await made(jpeg, { household: elsewhere }), trust)],
    ["thumbnail-refused", openPicture(await made(jpeg, {}, random.bytes(32)), trust)],
    ["thumbnail-refused", openPicture({ ...good, note: good.note.replace("take 1", "take 2") }, trust)],
    ["thumbnail-not-opened", openPicture(good, { ...trust, identities: [foreign] })],
    ["not-a-jpeg", openPicture(await made(Uint8Array.of(1, 2, 3)), trust)],
    ["not-a-jpeg", openPicture(await made(new Uint8Array()), trust)],
  ];
  for (const [kind, opening] of cases) {
    const { error } = await opening;
    t.equal(error?.kind, kind);
    if (error !== undefined) t.match(sentenceOf(error), /\.$/);
  }
});
