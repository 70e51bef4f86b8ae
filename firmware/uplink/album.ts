import type { SealedThumbnail } from "../../shared/clip/thumbnail.js";
import { unreachable } from "../../shared/kernel/assert.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { ClipId } from "../../shared/kernel/ids.js";
import type { ThumbnailWord } from "../../shared/protocol/messages.js";
import { type Backoff, waitBefore } from "./retry.js";

/** Thumbnails that the vault has not, the newest first. In memory only: a power cut costs them, and no footage. */
export type Album = readonly Kept[];

interface Kept {
  readonly thumbnail: SealedThumbnail;
  /** On its way since; `undefined` while it waits. */
  readonly sentAt: Millis | undefined;
  readonly waitUntil: Millis;
  /** Times in a row that it was put off. */
  readonly pauses: number;
}

/** 64 of at most 44 KiB. Beyond it the oldest goes. */
export const albumMax = 64;
/** Without an answer for so long it is sent again. */
export const thumbnailRepeatMillis = 10_000;
const backoff: Backoff = { first: millis(2_000), most: millis(300_000) };
const now0 = millis(0);

/** In the place of an earlier take of the same clip. */
export function addThumbnail(album: Album, thumbnail: SealedThumbnail): Album {
  const others = album.filter((kept) => kept.thumbnail.clip !== thumbnail.clip);
  return [{ thumbnail, sentAt: undefined, waitUntil: now0, pauses: 0 }, ...others].slice(0, albumMax);
}

/** One take, or whatever there is of a clip. */
export function dropThumbnail(
  album: Album,
  { clip, take }: { readonly clip: ClipId; readonly take?: number },
): Album {
  return album.filter(
    ({ thumbnail }) => thumbnail.clip !== clip || (take !== undefined && thumbnail.take !== take),
  );
}

/** A connection is new: what was on its way is lost with the old one. */
export function sendAgain(album: Album): Album {
  return album.map((kept) => ({ ...kept, sentAt: undefined }));
}

/** The vault has something of the clip: its thumbnail need not wait for that any more. */
export function clipIsThere(album: Album, clip: ClipId): Album {
  return change(album, { clip }, (kept) => ({ ...kept, waitUntil: now0 }));
}

export interface Answered {
  readonly clip: ClipId;
  readonly take: number;
  readonly answer: ThumbnailWord;
  /** In [0, 1), spreads the pauses of a fleet. */
  readonly chance: number;
}

/** What the camera does on each word is written at `thumbnailAnswers`. */
export function hearOfThumbnail(album: Album, { chance, answer, ...place }: Answered, now: Millis): Album {
  switch (answer) {
    case "stored":
    case "forged":
    case "damaged":
    case "conflict":
    case "deleted":
      return dropThumbnail(album, place);
    case "no-clip":
    case "unknown-camera":
    case "full":
    case "busy":
      return change(album, place, (kept) => ({
        ...kept,
        sentAt: undefined,
        waitUntil: millis(now + waitBefore(kept.pauses, backoff, chance)),
        pauses: kept.pauses + 1,
      }));
    default:
      return unreachable(answer);
  }
}

/** The thumbnail to send now, if any: one at a time, the newest first, so that a press waits for one at most. */
export function nextThumbnail(
  album: Album,
  now: Millis,
): { readonly album: Album; readonly due: SealedThumbnail | undefined } {
  const underWay = album.some(({ sentAt }) => sentAt !== undefined && now - sentAt < thumbnailRepeatMillis);
  const next = underWay ? undefined : album.find(({ waitUntil }) => now >= waitUntil);
  if (next === undefined) return { album, due: undefined };
  const sent = album.map((kept) => ({ ...kept, sentAt: kept === next ? now : undefined }));
  return { album: sent, due: next.thumbnail };
}

function change(
  album: Album,
  { clip, take }: { readonly clip: ClipId; readonly take?: number },
  by: (kept: Kept) => Kept,
): Album {
  return album.map((kept) =>
    kept.thumbnail.clip === clip && (take === undefined || take === kept.thumbnail.take) ? by(kept) : kept,
  );
}
