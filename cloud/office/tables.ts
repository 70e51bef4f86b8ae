/** The tables of those who work for agencies and the operator. Times are decimal milliseconds. */
export interface OfficeTables {
  readonly office_session: OfficeSessionRow;
}

/** An officer or operator who signed in, until it ends. */
export interface OfficeSessionRow {
  readonly id: string;
  /** The agency's id, or `operator`. */
  readonly office: string;
  readonly person: string;
  /** What it was opened with: `key`, `passkey`, `passphrase`. */
  readonly how: string;
  /** What the client calls itself. */
  readonly client: string;
  /** Hash of the one refresh token that counts. */
  readonly refresh: string;
  readonly used_at: number;
  readonly expires_at: number;
}
