import { test } from "tap";
import type { SealedThumbnail } from "../../shared/clip/thumbnail.js";
import { millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { type ThumbnailWord, thumbnailAnswers } from "../../shared/protocol/messages.js";
import {
  type Album,
  addThumbnail,
  albumMax,
  clipIsThere,
  dropThumbnail,
  hearOfThumbnail,
  nextThumbnail,
  sendAgain,
  thumbnailRepeatMillis,
} from "./album.js";

const random = seededPrng(1);
const clipAt = (at: number): ClipId => newClipId(millis(at), random);
const picture = (clip: ClipId, take = 1): SealedThumbnail => ({
  ...{ clip, take, note: `${take}` },
  sealed: new Uint8Array(1),
});
const [old, young] = [clipAt(1), clipAt(2)];
const both = addThumbnail(addThumbnail([], picture(old)), picture(young));
const dueAt = (album: Album, now: number): string | undefined => nextThumbnail(album, millis(now)).due?.clip;
const sentAt = (album: Album, now: number): Album => nextThumbnail(album, millis(now)).album;
const said = (album: Album, answer: ThumbnailWord, now = 1_000, take = 1): Album =>
  hearOfThumbnail(album, { clip: young, take, answer, chance: 0.5 }, millis(now));

test("one thumbnail is on its way at a time, the newest first; without an answer it goes again", (t) => {
  t.equal(dueAt(both, 1_000), young);
  const sent = sentAt(both, 1_000);
  t.equal(dueAt(sent, 1_000 + thumbnailRepeatMillis - 1), undefined);
  t.equal(dueAt(sent, 1_000 + thumbnailRepeatMillis), young);
  t.equal(dueAt(said(sent, "stored"), 1_001), old, "an answer lets the next one go at once");
  t.equal(dueAt(sendAgain(sent), 1_001), young, "and so does a new connection");
  t.end();
});

test("what the vault has or will never take is forgotten, what it cannot take now waits and lets others go", (t) => {
  for (const answer of thumbnailAnswers) {
    const after = said(sentAt(both, 1_000), answer);
    const stays = ["no-clip", "unknown-camera", "full", "busy"].includes(answer);
    t.equal(after.length, stays ? 2 : 1, answer);
    t.equal(dueAt(after, 1_001), old, answer);
    t.equal(dueAt(dropThumbnail(after, { clip: old }), 400_000), stays ? young : undefined, answer);
  }
  t.end();
});

test("a thumbnail that came before its clip goes again as soon as something of the clip was acknowledged", (t) => {
  const waiting = said(sentAt(both, 1_000), "no-clip");
  t.equal(dueAt(clipIsThere(waiting, young), 1_001), young);
  t.equal(dueAt(clipIsThere(waiting, old), 1_001), old);
  t.end();
});

test("a later take goes in the place of an earlier one, whose late answer does not forget it", (t) => {
  const later = addThumbnail(sentAt(both, 1_000), picture(young, 2));
  t.same(
    later.map(({ thumbnail }) => thumbnail.take),
    [2, 1],
  );
  t.equal(said(later, "stored").length, 2);
  t.equal(said(later, "stored", 1_000, 2).length, 1);
  t.end();
});

test("the album is bounded: beyond it the oldest goes", (t) => {
  let album: Album = [];
  const clips = Array.from({ length: albumMax + 5 }, (_, i) => clipAt(i));
  for (const clip of clips) album = addThumbnail(album, picture(clip));
  t.equal(album.length, albumMax);
  t.equal(album.at(-1)?.thumbnail.clip, clips[5]);
  t.end();
});
