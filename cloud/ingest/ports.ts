import type { SignedCharter } from "../../shared/charter/charter.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import type { DoorEvent, Status } from "../../shared/protocol/messages.js";
import type { Hash } from "../../shared/seal/hash.js";
import type { Verifier } from "../../shared/seal/note.js";

/** Which cameras there are, by the households' newest charters. */
export interface CameraDirectory {
  /** `undefined` for a camera that no newest charter names. */
  find(
    camera: CameraId,
  ): Promise<{ readonly household: HouseholdId; readonly verifier: Verifier } | undefined>;
  /** True while the newest charter names it with this TLS key. */
  isAllowed(camera: CameraId, tlsKeyHash: Hash): Promise<boolean>;
  /** Also one that was removed: it may hear of its removal, and nothing else. */
  known(camera: CameraId): Promise<{ readonly household: HouseholdId } | undefined>;
}

export interface CharterSource {
  /** The household's charters after version `after`, oldest first, at most `limit`. */
  chain(household: HouseholdId, after: number, limit: number): Promise<readonly SignedCharter[]>;
}

export interface Certifier {
  /** A client certificate for exactly this TLS key (DER SubjectPublicKeyInfo), PEM. */
  certify(camera: CameraId, tlsKey: Uint8Array): Promise<string>;
}

export interface ModeSource {
  /** The camera's newest mode order. */
  newest(camera: CameraId): Promise<{ readonly counter: number; readonly note: string } | undefined>;
}

/** What happened, for whoever follows live. Everything told of clips and events is durable already. */
export type Announcement = { readonly household: HouseholdId; readonly camera: CameraId } & (
  | { readonly kind: "clip.started"; readonly clip: ClipId }
  | { readonly kind: "clip.segment"; readonly clip: ClipId; readonly index: number; readonly bytes: number }
  | { readonly kind: "clip.ended"; readonly clip: ClipId; readonly state: "complete" | "interrupted" }
  | { readonly kind: "clip.thumbnail"; readonly clip: ClipId; readonly take: number }
  | { readonly kind: "event"; readonly event: DoorEvent }
  | { readonly kind: "camera.status"; readonly status: Status }
);

export type Announce = (announcement: Announcement) => void;

/** What ingest counted since its start, for metrics. */
export interface IngestCounts {
  segmentsStored: number;
  bytesStored: number;
  eventsStored: number;
  thumbnailsStored: number;
  /** Chunks that were not in their place or came without an announced segment. */
  chunksDropped: number;
  /** Messages that are not what their topic says. */
  messagesRefused: number;
  identityConflicts: number;
  readonly refusals: Record<string, number>;
}
