/** The releases' tables beside the docket. Times are decimal milliseconds. */
export interface ReleaseTables {
  readonly release_act: ReleaseActRow;
  readonly release_batch: ReleaseBatchRow;
}

export interface ReleaseActRow {
  readonly release: string;
  readonly act: string;
  /** `release-act/v1`. */
  readonly text: string;
  /** Base64; forgotten with the text, the batch says nothing any more. */
  readonly salt: string;
  /** `null` while it waits for one. */
  readonly batch: string | null;
}

export interface ReleaseBatchRow {
  readonly id: string;
  readonly at: number;
  /** The bucket of how many acts it holds. */
  readonly state: string;
  readonly root: string;
  /** JSON list of all commitments, fillers among them. */
  readonly commitments: string;
  /** `null` until it stands in the public log. */
  readonly log_index: number | null;
}
