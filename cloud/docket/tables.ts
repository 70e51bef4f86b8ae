/** The docket's tables. Times are decimal milliseconds. */
export interface DocketTables {
  readonly docket: DocketRow;
  readonly docket_step: DocketStepRow;
}

export interface DocketRow {
  readonly machine: string;
  readonly id: string;
  /** Steps taken; 0 while the first one waits for the log. */
  readonly version: number;
  /** The state's own kind, agency and household: what lists select by. */
  readonly kind: string;
  readonly agency: string | null;
  readonly household: string | null;
  /** JSON. */
  readonly state: string;
  readonly deadline: number | null;
  /** JSON of a step that was decided and waits for its entry in the log. */
  readonly pending: string | null;
  /** The version whose consequences have been carried out. */
  readonly settled: number;
  readonly began_at: number;
  readonly changed_at: number;
}

/** What happened, for ever. */
export interface DocketStepRow {
  readonly machine: string;
  readonly id: string;
  readonly version: number;
  readonly kind: string;
  readonly at: number;
  /** Who caused it: a person's id, or `clock`. */
  readonly by: string;
  readonly log_index: number | null;
}
