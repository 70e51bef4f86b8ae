/** The tables of orders about recordings. Times are decimal milliseconds. */
export interface LegalTables {
  readonly notice: NoticeRow;
}

/** Something that a household was told, once. */
interface NoticeRow {
  /** UUIDv7. */
  readonly id: string;
  readonly household: string;
  /** The course that it is about. */
  readonly about: string;
  readonly kind: string;
  readonly at: number;
  /** JSON of what fills the fixed text, and of what opens the public log's entries. */
  readonly facts: string;
}
