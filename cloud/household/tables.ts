/**
 * The household's tables. Times are decimal milliseconds, hashes base64 as in notes, keys base64. What comes from charters
 * (members, cameras) is derived anew from the newest one, in the transaction that stores it.
 */
export interface HouseholdTables {
  readonly household: HouseholdRow;
  readonly charter: CharterRow;
  readonly proposal: ProposalRow;
  readonly recovery: RecoveryRow;
  readonly sealed_state: SealedStateRow;
  readonly contacts_state: SealedStateRow;
  readonly owners_word: OwnersWordRow;
  readonly invitation: InvitationRow;
  readonly member: MemberRow;
  readonly camera: CameraRow;
  readonly camera_mode: CameraModeRow;
  readonly key_file: KeyFileRow;
  readonly claim: ClaimRow;
  readonly login_challenge: LoginChallengeRow;
  readonly session: SessionRow;
  readonly spent_refresh: SpentRefreshRow;
  readonly sign_in_failure: SignInFailureRow;
  readonly access_token: AccessTokenRow;
  readonly repeat: RepeatRow;
  readonly renewal: RenewalRow;
  readonly passkey: PasskeyRow;
  readonly passkey_link: PasskeyLinkRow;
  readonly spent_challenge: SpentChallengeRow;
  readonly passphrase: PassphraseRow;
}

export interface HouseholdRow {
  readonly id: string;
  readonly registered_at: number;
}

/** One link of a household's chain; never changed once written. */
export interface CharterRow {
  readonly household: string;
  readonly version: number;
  readonly hash: string;
  readonly note: string;
  /** JSON list, as beside the note. */
  readonly openings: string;
  readonly arrived_at: number;
  /** Its entry's id in the public log; null before the first start that knows of one. */
  readonly tag: string | null;
}

/** What owners keep among themselves, sealed to them. */
export interface SealedStateRow {
  readonly household: string;
  readonly version: number;
  /** Base64 of an age file. */
  readonly file: string;
}

/** An owner's newest word. */
interface OwnersWordRow {
  readonly household: string;
  readonly member: string;
  /** Decimal milliseconds, as its owner's clock had it, or the cloud's where that was earlier. */
  readonly at: number;
  readonly note: string;
  /** Base64 of the age file that it names. */
  readonly file: string;
}

/** A member's seed, sealed to a passphrase. */
export interface RecoveryRow {
  readonly household: string;
  readonly member: string;
  /** Made from the passphrase: who knows that finds the row. */
  readonly id: string;
  /** Base64 of an age file. */
  readonly file: string;
  readonly made_at: number;
}

/** By which one newcomer hands in their public keys. */
export interface InvitationRow {
  readonly id: string;
  readonly household: string;
  readonly role: string | null;
  readonly made_at: number;
  readonly expires_at: number;
  /** The line of the first who answered. */
  readonly newcomer: string | null;
  /** The id that follows from it. */
  readonly member: string | null;
  readonly answered_at: number | null;
  /** When somebody else first tried to answer. */
  readonly contested_at: number | null;
}

/** A next charter that waits for owners' signatures. */
export interface ProposalRow {
  readonly household: string;
  readonly note: string;
  /** JSON list, as beside the note. */
  readonly openings: string;
  /** JSON list of key files that come with it. */
  readonly key_files: string;
  readonly made_at: number;
}

export interface MemberRow {
  readonly household: string;
  readonly id: string;
  readonly role: string;
  /** The cameras whose sight is granted, joined by spaces; null: all that the role may see. */
  readonly sees: string | null;
  readonly login_key: string;
  readonly name: string;
}

/** A camera that a charter names or once named; its id never passes to another household. */
export interface CameraRow {
  readonly id: string;
  readonly household: string;
  readonly note_key: string;
  readonly tls_key_hash: string;
  readonly epoch: number;
  readonly place: string;
  readonly name: string;
  /** 1 while the newest charter names it, 0 afterwards: its clips stay, it may not connect. */
  readonly named: number;
}

/** The newest mode order of a camera. */
export interface CameraModeRow {
  readonly camera: string;
  readonly household: string;
  readonly counter: number;
  readonly note: string;
  readonly arrived_at: number;
}

/** The camera key of one epoch as an age file, sealed to members: useless to whoever holds only this database. */
export interface KeyFileRow {
  readonly household: string;
  readonly camera: string;
  readonly epoch: number;
  /** Base64. */
  readonly file: string;
}

export interface ClaimRow {
  readonly id: string;
  readonly household: string;
  /** Hash of the charter that the claim pins. */
  readonly charter: string;
  readonly made_at: number;
  readonly expires_at: number;
  readonly answered_at: number | null;
  readonly note_key: string | null;
  readonly tls_key: string | null;
  readonly mac: string | null;
}

export interface LoginChallengeRow {
  readonly nonce: string;
  readonly household: string;
  readonly member: string;
  readonly expires_at: number;
}

/** A member who signed in, until it ends. */
export interface SessionRow {
  readonly id: string;
  readonly household: string;
  readonly member: string;
  readonly how: string;
  /** What the client calls itself. */
  readonly client: string;
  /** Hash of the one refresh token that counts. */
  readonly refresh: string;
  readonly made_at: number;
  readonly used_at: number;
  readonly expires_at: number;
}

/** A refresh token that was used: whoever shows it again, it or its successor is in the wrong hands. */
export interface SpentRefreshRow {
  readonly refresh: string;
  readonly session: string;
}

/** Attempts to sign in that failed, by what they are counted by; never an address itself. */
export interface SignInFailureRow {
  readonly key: string;
  readonly failures: number;
  readonly since: number;
}

/** For a member's scripts. */
export interface AccessTokenRow {
  readonly id: string;
  readonly household: string;
  readonly member: string;
  readonly name: string;
  /** Joined by spaces. */
  readonly scopes: string;
  readonly hash: string;
  readonly made_at: number;
  readonly used_at: number | null;
  readonly expires_at: number;
}

/** A creation that a member asked for under a key of their own. */
export interface RepeatRow {
  readonly household: string;
  readonly member: string;
  readonly key: string;
  /** Hash of method, address and body. */
  readonly asked: string;
  readonly made_at: number;
  /** Null while it is under way. */
  readonly status: number | null;
  readonly answer: string | null;
}

/** What a camera whose certificate ended asks for. */
export interface RenewalRow {
  readonly camera: string;
  readonly household: string;
  /** `renewal/v1`, as the camera signed it. */
  readonly note: string;
  readonly asked_at: number;
  /** An owner's `approve` or `refuse`; null until then. */
  readonly answer: string | null;
  readonly answered_at: number | null;
}

/** What signs a member in from a browser (WebAuthn). */
export interface PasskeyRow {
  /** The credential's id, base64url. */
  readonly id: string;
  readonly household: string;
  readonly member: string;
  readonly name: string;
  /** COSE, base64url. */
  readonly public_key: string;
  /** Of signatures, as the authenticator counts them; 0 where it does not. */
  readonly counter: number;
  readonly made_at: number;
  readonly used_at: number | null;
}

/** By which a person's browser makes one passkey; of a person one at a time. Household and member as `Holder` has them. */
export interface PasskeyLinkRow {
  /** Of the link's secret. */
  readonly hash: string;
  readonly household: string;
  readonly member: string;
  /** Of the passkey to come. */
  readonly name: string;
  readonly challenge: string;
  readonly expires_at: number;
}

/** A sign-in challenge that was answered, until it would have ended by itself. */
export interface SpentChallengeRow {
  readonly challenge: string;
  readonly expires_at: number;
}

/** The other way in from a browser; of a person one. Household and member as `Holder` has them. */
export interface PassphraseRow {
  readonly name: string;
  readonly household: string;
  readonly member: string;
  /** Base64, as the two below. */
  readonly salt: string;
  /** Of the words. */
  readonly hash: string;
  /** What the member's authenticator makes codes of. */
  readonly code_key: string;
  /** Of the newest code that was used. */
  readonly code_step: number;
  readonly made_at: number;
  readonly used_at: number | null;
}
