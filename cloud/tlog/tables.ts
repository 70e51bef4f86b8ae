/** The public log's tables. Nothing in them is anybody's secret. */
export interface LogTables {
  readonly log_entry: LogEntryRow;
  readonly log_checkpoint: LogCheckpointRow;
}

/** What stands in the log, or is about to: by this table it is searched, and after a crash completed. */
export interface LogEntryRow {
  /** The entry's time in 16 digits, and the base64 SHA-256 of its text. */
  readonly entry_key: string;
  readonly kind: string;
  /** The entry's id. */
  readonly subject: string;
  readonly at: number;
  readonly agency: string;
  readonly state: string;
  readonly hash: string;
  /** Of the log that `place` and `from_size` are about. */
  readonly origin: string;
  /** Entries that the log had before this one was meant for it. */
  readonly from_size: number;
  /** Its index; null until it is known to stand in the log. */
  readonly place: number | null;
}

/** Each checkpoint that was published, with its cosignatures: proofs lead to the first that covers their entry and has the quorum. */
export interface LogCheckpointRow {
  readonly origin: string;
  readonly size: number;
  readonly note: string;
  /** Who cosigned it. */
  readonly witnesses: number;
}
