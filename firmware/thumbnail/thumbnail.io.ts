import { formatThumbnail, type SealedThumbnail, thumbnailBytesMax } from "../../shared/clip/thumbnail.js";
import { bytes } from "../../shared/kernel/brand.js";
import type { CameraId, HouseholdId } from "../../shared/kernel/ids.js";
import type { Log } from "../../shared/kernel/ports.js";
import { type Recipient, seal } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import type { PickedFrame } from "./picker.js";
import { takePicture } from "./picture.io.js";

/** To whom a thumbnail is sealed. */
export interface ThumbnailCustody {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly recipient: Recipient;
}

export interface ThumbnailsOptions {
  /** The program. */
  readonly ffmpeg: string;
  /** The camera's note key. */
  readonly signer: Signer;
  /** Asked once for each picture, when it is picked. */
  readonly custody: () => ThumbnailCustody;
  readonly log: Log;
  readonly sealed: (thumbnail: SealedThumbnail) => void;
  /** The picture itself, for the home's own use. */
  readonly picture?: (jpeg: Uint8Array) => void;
}

export interface Thumbnails {
  /** Takes a picked frame; never waits, and never throws. */
  push(pick: PickedFrame): void;
  /** Takes no more. Resolves when everything that was pushed is sealed or given up, at the latest after `stopMillisMax`. */
  stop(): Promise<void>;
}

/** Picked frames in memory, each with its second of footage. More are given up: the clip itself has them. */
const waitingMax = 4;
/** The firmware must end; the clip waits on the card, its picture is lost. */
const stopMillisMax = 1_500;
/** What an age file of this size adds to its inside: header, nonce, the last chunk's tag, and room. */
const sealBytesMax = 512;

/** Makes pictures of picked frames, one after another, and seals them. No fault of theirs touches a clip. */
export function startThumbnails(options: ThumbnailsOptions): Thumbnails {
  const { log } = options;
  let waiting = 0;
  let tail = Promise.resolve();
  const stopping = new AbortController();
  const work = async (pick: PickedFrame, custody: ThumbnailCustody): Promise<void> => {
    try {
      if (!stopping.signal.aborted) await make(options, pick, custody, stopping.signal);
    } catch (error) {
      log("thumbnail.failed", { clipId: pick.clip, why: String(error) });
    }
    waiting--;
  };
  return {
    push(pick) {
      if (waiting >= waitingMax) return log("thumbnail.given-up", { clipId: pick.clip, take: pick.take });
      try {
        const custody = options.custody();
        waiting++;
        tail = tail.then(() => work(pick, custody));
      } catch (error) {
        // The household's charter names this camera no more.
        log("thumbnail.failed", { clipId: pick.clip, why: String(error) });
      }
    },
    async stop() {
      const timer = setTimeout(() => stopping.abort(), stopMillisMax);
      await tail;
      clearTimeout(timer);
      stopping.abort();
    },
  };
}

async function make(
  { ffmpeg, signer, log, sealed: done, picture }: ThumbnailsOptions,
  pick: PickedFrame,
  { household, camera, recipient }: ThumbnailCustody,
  stop: AbortSignal,
): Promise<void> {
  const { clip, take, at } = pick;
  const since = performance.now();
  const taken = await takePicture(ffmpeg, pick, { bytesMax: thumbnailBytesMax - sealBytesMax, stop });
  if ("fault" in taken) return log("thumbnail.failed", { clipId: clip, take, ...taken });
  picture?.(taken.jpeg);
  const sealed = await seal(taken.jpeg, [recipient]);
  const facts = { bytes: bytes(sealed.length), sha256: hashOf(sealed) };
  const note = signNote(formatThumbnail({ household, camera, clip, take, at, ...facts }), [signer]);
  const ms = Math.round(performance.now() - since);
  log("thumbnail.sealed", { clipId: clip, take, at, bytes: sealed.length, ms });
  done({ clip, take, note, sealed });
}
