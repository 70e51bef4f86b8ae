import type { CameraId, ClipId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import {
  readThumbnail,
  type Thumbnail,
  type ThumbnailWord,
  writeMessage,
} from "../../shared/protocol/messages.js";
import type { DownKind } from "../../shared/protocol/topics.js";
import { nativeVerifier } from "../../shared/seal/native.io.js";
import type { Log } from "../broker/bus.js";
import { storageFaultOf } from "../faults.js";
import type { OfferedThumbnail, ThumbnailOutcome } from "../vault/clip.js";
import type { VaultWriter } from "../vault/vault.io.js";
import { admitThumbnail, claimedTake } from "./admission.js";
import type { Announce, CameraDirectory, IngestCounts } from "./ports.js";
import { type Rates, takeOne } from "./rates.js";

export interface ThumbnailsOptions {
  readonly vault: VaultWriter;
  readonly directory: CameraDirectory;
  readonly send: (camera: CameraId, kind: DownKind, payload: Uint8Array) => void;
  readonly announce: Announce;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: IngestCounts;
}

/** Of one camera: each costs a signature check, a hash and a synced row. */
const thumbnailsPerMinuteMax = 120;

interface Place {
  readonly camera: CameraId;
  readonly clip: ClipId;
  readonly take: number;
}

/** Receives thumbnails: each is one message, and its answer. */
export class Thumbnails {
  private readonly options: ThumbnailsOptions;
  private readonly rates: Rates = new Map();

  constructor(options: ThumbnailsOptions) {
    this.options = options;
  }

  /** `up/thumb`. Rejects never. */
  async offered(camera: CameraId, payload: Uint8Array): Promise<void> {
    const read = readThumbnail(payload);
    const claimed = read.ok ? claimedTake(read.value.note) : undefined;
    if (!read.ok || claimed === undefined) {
      const why = read.ok ? "not a thumbnail's note" : read.error.why;
      this.options.counts.messagesRefused += 1;
      this.options.log("ingest.message-refused", { camera, topic: "thumb", why });
      return;
    }
    const place = { camera, ...claimed };
    try {
      this.answer(place, await this.judge(camera, read.value));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.options.log("ingest.failed", { ...place, why });
      this.answer(place, { kind: storageFaultOf(error) === "full" ? "full" : "busy" });
    }
  }

  private async judge(
    camera: CameraId,
    thumbnail: Thumbnail,
  ): Promise<ThumbnailOutcome | { readonly kind: Exclude<ThumbnailWord, "stored"> }> {
    const { directory, clock, vault } = this.options;
    if (!takeOne(this.rates, camera, thumbnailsPerMinuteMax, clock.monotonic())) return { kind: "busy" };
    const sender = await directory.find(camera);
    if (sender === undefined) return { kind: "unknown-camera" };
    const verifier = nativeVerifier(sender.verifier);
    const admitted = admitThumbnail(thumbnail, { camera, household: sender.household, verifier });
    if (!admitted.ok) return { kind: admitted.error };
    const outcome = await vault.storeThumbnail(admitted.value);
    if (outcome.kind === "stored" && outcome.fresh) this.tell(admitted.value);
    return outcome;
  }

  private tell({ note }: OfferedThumbnail): void {
    const { announce, counts, log } = this.options;
    const { household, camera, clip, take, bytes } = note;
    counts.thumbnailsStored += 1;
    counts.bytesStored += bytes;
    log("thumbnail.stored", { camera, clip, take, bytes });
    announce({ kind: "clip.thumbnail", household, camera, clip, take });
  }

  private answer(
    { camera, clip, take }: Place,
    outcome: ThumbnailOutcome | { readonly kind: ThumbnailWord },
  ): void {
    const { send, log } = this.options;
    if (outcome.kind !== "stored") log("thumbnail.refused", { camera, clip, take, code: outcome.kind });
    send(camera, "thumbnail", writeMessage({ v: 1, clip, take, answer: outcome.kind }));
    if ("deletion" in outcome && outcome.deletion !== undefined)
      send(camera, "delete", writeMessage({ v: 1, note: outcome.deletion }));
  }
}
