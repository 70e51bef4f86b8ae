import { createPublicKey } from "node:crypto";
import type { Kysely } from "kysely";
import type { OpenedCharter, SignedCharter } from "../../shared/charter/charter.js";
import type { ClaimAnswer } from "../../shared/charter/claim.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { equalInConstantTime, fromBase64, toUtf8 } from "../../shared/kernel/bytes.js";
import { type CameraId, cameraIdOf, type HouseholdId, isHouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Beside, writeBeside } from "../beside.io.js";
import type { Database } from "../database.io.js";
import type { CharterReader } from "./charters.io.js";
import { type ClaimState, claimEnd, claimStateOf } from "./claimstate.js";
import type { ClaimRow } from "./tables.js";

/** Claims of one household that may wait for an answer at a time. */
const openClaimsMax = 16;
/** How long a claim is remembered, so that a late board hears "expired" and not "unknown". */
const rememberedMillis = 30 * 24 * 60 * 60_000;
/** Charters between a claim and its enrolment that are handed to the board. */
const chartersToBoardMax = 256;

export type MakeClaimRefusal = {
  readonly kind: "claim-exists" | "claim-ends-in-the-past" | "not-the-newest-charter" | "too-many-claims";
};
export type AnswerClaimRefusal = {
  readonly kind: "not-there" | "claim-used" | "claim-expired" | "bad-board-key";
};
export type EnrolmentRefusal = { readonly kind: "not-there" | "claim-expired" };

export interface NewClaim {
  readonly claimId: string;
  readonly household: HouseholdId;
  /** Hash of the household's newest charter. */
  readonly charter: string;
  readonly expiresAt: Millis;
}

export interface ClaimView {
  readonly state: ClaimState;
  readonly expiresAt: Millis;
  readonly answer?: ClaimAnswer;
}

/** What a signed-in board gets. */
export interface Enrolment {
  readonly camera: CameraId;
  /** DER SubjectPublicKeyInfo, the one whose hash stands in the charter. */
  readonly tlsKey: Uint8Array;
  /** The charter that the claim pins, and all after it in order. */
  readonly pinned: SignedCharter;
  readonly charters: readonly SignedCharter[];
}

/** Pairing rights: each answered once, by its id only; the secret behind it never comes here. */
export interface Claims {
  make(claim: NewClaim, beside?: Beside<ClaimView>): Promise<Result<ClaimView, MakeClaimRefusal>>;
  view(household: HouseholdId, claimId: string): Promise<ClaimView | undefined>;
  /** Takes a board's answer durably, once. The same answer again is fine: the board may have lost power. */
  answer(claimId: string, answer: ClaimAnswer): Promise<Result<undefined, AnswerClaimRefusal>>;
  /** What the board waits for; `waiting` until an owner has signed it in. `mac` is that of its own answer. */
  enrolment(claimId: string, mac: string): Promise<Result<Enrolment | "waiting", EnrolmentRefusal>>;
}

export function createClaims(db: Kysely<Database>, charters: CharterReader, clock: Clock): Claims {
  const rowOf = (claimId: string): Promise<ClaimRow | undefined> =>
    db.selectFrom("claim").selectAll().where("id", "=", claimId).executeTakeFirst();
  const signedInAs = async (row: ClaimRow): Promise<SignedIn | undefined> => {
    const charter = isHouseholdId(row.household) ? await charters.current(row.household) : undefined;
    return charter && signedIn(charter, row);
  };
  const stateOf = async (row: ClaimRow): Promise<ClaimState> =>
    claimStateOf(
      {
        madeAt: millis(row.made_at),
        expiresAt: millis(row.expires_at),
        answered: row.answered_at !== null,
        signedIn: (await signedInAs(row)) !== undefined,
      },
      clock.wall(),
    );
  const viewOf = async (row: ClaimRow): Promise<ClaimView> => {
    const answer = answerOf(row);
    const view = { state: await stateOf(row), expiresAt: millis(row.expires_at) };
    return answer === undefined ? view : { ...view, answer };
  };

  return {
    async make(claim, beside) {
      const now = clock.wall();
      const expiresAt = claimEnd(claim.expiresAt, now);
      if (expiresAt === undefined) return refuse({ kind: "claim-ends-in-the-past" });
      const newest = await charters.current(claim.household);
      if (newest?.hash !== claim.charter) return refuse({ kind: "not-the-newest-charter" });
      await forgetOld(db, millis(now - rememberedMillis));
      if ((await waitingClaims(db, claim.household, now)) >= openClaimsMax)
        return refuse({ kind: "too-many-claims" });
      const view: ClaimView = { state: "waiting", expiresAt };
      // Power lost before this commit: there is no claim, and nobody was shown one.
      const made = await db.transaction().execute(async (tx) => {
        if (!(await insert(tx, { ...claim, expiresAt }, now))) return false;
        await writeBeside(tx, beside, view);
        return true;
      });
      return made ? ok(view) : refuse({ kind: "claim-exists" });
    },

    async view(household, claimId) {
      const row = await rowOf(claimId);
      return row?.household === household ? viewOf(row) : undefined;
    },

    async answer(claimId, answer) {
      if (!isBoardAnswer(answer)) return refuse({ kind: "bad-board-key" });
      if (await takeAnswer(db, claimId, answer, clock.wall())) return ok(undefined);
      const row = await rowOf(claimId);
      if (row === undefined) return refuse({ kind: "not-there" });
      const before = answerOf(row);
      if (before === undefined) return refuse({ kind: "claim-expired" });
      return isSame(before, answer) ? ok(undefined) : refuse({ kind: "claim-used" });
    },

    async enrolment(claimId, mac) {
      const row = await rowOf(claimId);
      const answer = row && answerOf(row);
      if (row === undefined) return refuse({ kind: "not-there" });
      if ((await stateOf(row)) === "expired") return refuse({ kind: "claim-expired" });
      if (answer === undefined || !equalInConstantTime(toUtf8(answer.mac), toUtf8(mac)))
        return refuse({ kind: "not-there" });
      const found = await signedInAs(row);
      if (found === undefined) return ok("waiting");
      return enrolmentOf(charters, row, found);
    },
  };
}

interface SignedIn {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly tlsKey: Uint8Array;
}

/** The camera in the charter whose two keys are the answer's. */
function signedIn(charter: OpenedCharter, row: ClaimRow): SignedIn | undefined {
  const noteKey = fromBase64(row.note_key ?? "");
  const tlsKey = fromBase64(row.tls_key ?? "");
  if (!noteKey.ok || !tlsKey.ok || row.note_key === null) return undefined;
  const camera = charter.cameras.find(({ id }) => id === cameraIdOf(noteKey.value));
  if (camera === undefined || camera.tlsKeyHash !== hashOf(tlsKey.value)) return undefined;
  return { household: charter.household, camera: camera.id, tlsKey: tlsKey.value };
}

async function enrolmentOf(
  charters: CharterReader,
  row: ClaimRow,
  { household, camera, tlsKey }: SignedIn,
): Promise<Result<Enrolment, EnrolmentRefusal>> {
  const pinned = await charters.find(household, row.charter);
  if (pinned === undefined) return refuse({ kind: "not-there" });
  const { note, openings, version } = pinned;
  const later = await charters.chain(household, version, chartersToBoardMax);
  return ok({ camera, tlsKey, pinned: { note, openings }, charters: later });
}

/** True for exactly one answer per claim. Power lost before the commit: the claim still waits, the board asks again. */
async function takeAnswer(
  db: Kysely<Database>,
  claimId: string,
  { noteKey, tlsKey, mac }: ClaimAnswer,
  now: Millis,
): Promise<boolean> {
  const taken = await db
    .updateTable("claim")
    .set({ answered_at: now, note_key: noteKey, tls_key: tlsKey, mac })
    .where("id", "=", claimId)
    .where("answered_at", "is", null)
    .where("expires_at", ">", now)
    .returning("id")
    .execute();
  return taken.length === 1;
}

/** False when the id is taken, unless by this very claim, still waiting. */
async function insert(db: Kysely<Database>, claim: NewClaim, now: Millis): Promise<boolean> {
  const { claimId: id, household, charter, expiresAt } = claim;
  const made = await db
    .insertInto("claim")
    .values({ id, household, charter, made_at: now, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .execute();
  return made.length === 1;
}

async function waitingClaims(db: Kysely<Database>, household: HouseholdId, now: Millis): Promise<number> {
  const { count } = await db
    .selectFrom("claim")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("household", "=", household)
    .where("answered_at", "is", null)
    .where("expires_at", ">", now)
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function forgetOld(db: Kysely<Database>, before: Millis): Promise<void> {
  await db.deleteFrom("claim").where("made_at", "<", before).execute();
}

function answerOf({ note_key, tls_key, mac }: ClaimRow): ClaimAnswer | undefined {
  return note_key === null || tls_key === null || mac === null
    ? undefined
    : { noteKey: note_key, tlsKey: tls_key, mac };
}

function isSame(a: ClaimAnswer, b: ClaimAnswer): boolean {
  return a.noteKey === b.noteKey && a.tlsKey === b.tlsKey && a.mac === b.mac;
}

/** A 32-byte note key, a TLS key of P-256 or Ed25519, a 32-byte MAC. */
function isBoardAnswer({ noteKey, tlsKey, mac }: ClaimAnswer): boolean {
  const [note, tls, tag] = [noteKey, tlsKey, mac].map((text) => fromBase64(text));
  const lengths = note?.ok && tag?.ok && note.value.length === 32 && tag.value.length === 32;
  return lengths === true && tls?.ok === true && isTlsKey(tls.value);
}

function isTlsKey(der: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
    const canonical = key.export({ format: "der", type: "spki" }).equals(der);
    const curve = key.asymmetricKeyDetails?.namedCurve;
    return canonical && (key.asymmetricKeyType === "ed25519" || curve === "prime256v1");
  } catch {
    return false;
  }
}
