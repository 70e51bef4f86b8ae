/** The footage's table; a segment's salt and batch stand in the vault's own row, and go with it. */
export interface FootageTables {
  readonly footage_batch: FootageBatchRow;
}

export interface FootageBatchRow {
  readonly id: string;
  /** Decimal milliseconds. */
  readonly at: number;
  /** Base64. */
  readonly root: string;
  /** All commitments, 32 bytes each, fillers among them. */
  readonly leaves: Uint8Array;
  /** `null` until its root stands in the public log. */
  readonly log_index: number | null;
}
