/**
 * The vault's tables. Nothing in them opens a clip: headers are encrypted under shred keys that live in another database.
 * Times are decimal milliseconds, hashes base64 as in notes.
 */
export interface VaultTables {
  readonly clip: ClipRow;
  readonly segment: SegmentRow;
  readonly thumbnail: ThumbnailRow;
  readonly event: EventRow;
  readonly camera_status: CameraStatusRow;
  readonly retention: RetentionRow;
  readonly custody: CustodyRow;
  readonly share: ShareRow;
  readonly share_piece: SharePieceRow;
  readonly hold: HoldRow;
}

/** An order that keeps sealed clips past retention and deletion: one camera's of one window. It opens nothing. */
interface HoldRow {
  readonly id: string;
  readonly household: string;
  readonly camera: string;
  /** Clip ids sort by time: from this one on, and before the next. */
  readonly id_from: string;
  readonly id_to: string;
}

/** A clip from its first stored segment on; after deletion its tombstone, which refuses late uploads. */
export interface ClipRow {
  readonly household: string;
  /** A UUIDv7, so that ids sort by the time of the trigger. Unique within the household. */
  readonly id: string;
  readonly camera: string;
  readonly arrived_at: number;
  readonly last_arrived_at: number;
  readonly segments: number;
  /** Of segments and thumbnail. */
  readonly bytes: number;
  /** Index of the segment that ends the clip, once it is here. */
  readonly last_index: number | null;
  /** How the clip ended by its last segment's note: `no`, `complete`, `interrupted`. */
  readonly end: string;
  readonly deleted_at: number | null;
  /** A member's signed deletion, for the camera's own copy. */
  readonly deletion: string | null;
  /** `press` or `motion`: the first event that names the clip, once one is here. */
  readonly trigger: string | null;
  /** Since when a keep-mark saves the clip from its household's retention; the ceiling holds all the same. */
  readonly kept_at: number | null;
}

/** One sealed segment whose body is durable. */
export interface SegmentRow {
  readonly household: string;
  readonly clip: string;
  readonly segment: number;
  readonly bytes: number;
  readonly sha256: string;
  /** The camera's signed note. */
  readonly note: string;
  /** Base64 of the age header under the clip's shred key; empty for a closing segment without bytes. */
  readonly header: string;
  readonly header_bytes: number;
  readonly arrived_at: number;
  /** Base64; hides the note's text in the batch by which the public log commits to it. */
  readonly salt: string | null;
  /** `null` until the segment's hour is over. */
  readonly batch: string | null;
}

/** A clip's sealed picture. It goes with its clip. */
export interface ThumbnailRow {
  readonly household: string;
  readonly clip: string;
  readonly take: number;
  /** Of the whole age file; counted in the clip's. */
  readonly bytes: number;
  readonly sha256: string;
  /** The camera's signed note. */
  readonly note: string;
  /** Base64 of the age header under the clip's shred key. */
  readonly header: string;
  /** Base64 of the age file's rest. */
  readonly body: string;
  readonly arrived_at: number;
}

/** Something that happened at the door, once per id. */
export interface EventRow {
  readonly household: string;
  readonly id: string;
  readonly camera: string;
  readonly kind: string;
  readonly clip: string | null;
  /** The event as the camera told it, in JSON. */
  readonly message: string;
  readonly arrived_at: number;
}

/** How long a household keeps its clips, where it chose so itself. */
export interface RetentionRow {
  readonly household: string;
  readonly days: number;
  readonly set_at: number;
}

/** Somebody did something to a clip. */
export interface CustodyRow {
  readonly household: string;
  readonly id: string;
  readonly at: number;
  readonly act: string;
  readonly clip: string;
  readonly camera: string;
  readonly member: string;
}

/** How a camera was when it last spoke. */
export interface CameraStatusRow {
  readonly camera: string;
  readonly seen_at: number;
  /** Its newest status message, in JSON. */
  readonly message: string;
}

/** A link by which somebody outside sees one clip: an age file of its own, in pieces. It goes with its clip. */
export interface ShareRow {
  readonly id: string;
  readonly household: string;
  /** Who made it. */
  readonly member: string;
  readonly clip: string;
  readonly camera: string;
  /** As many as are to come. */
  readonly pieces: number;
  /** Base64 of the age header under the clip's shred key; empty until the first piece is here. */
  readonly header: string;
  readonly views: number;
  readonly views_max: number | null;
  readonly made_at: number;
  readonly expires_at: number;
}

export interface SharePieceRow {
  readonly share: string;
  readonly piece: number;
  readonly bytes: number;
}
