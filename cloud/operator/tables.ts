/** The operator's tables. Times are decimal milliseconds. */
export interface OperatorTables {
  readonly access_read: AccessReadRow;
}

/** An operator looked at something, by an access of theirs. */
interface AccessReadRow {
  readonly access: string;
  readonly household: string;
  readonly kind: string;
  readonly at: number;
}
