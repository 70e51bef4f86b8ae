import type { Kysely } from "kysely";
import { isRole, type Member } from "../../shared/charter/lines.js";
import { loginKeyName, parseLogin } from "../../shared/charter/login.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { fromBase64, toBase64 } from "../../shared/kernel/bytes.js";
import { type HouseholdId, isCameraId, type MemberId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { openNote, textOf } from "../../shared/seal/note.js";
import type { Database } from "../database.io.js";
import type { MemberRow } from "./tables.js";

/** How long a nonce waits for its login. */
const challengeMillisMax = 2 * 60_000;
/** Nonces that may wait for one member at a time; a further one puts the oldest out, so that nobody can lock a member out. */
const challengesPerMemberMax = 32;
/** Nonces that wait in all before those of invented members are no longer kept. */
const challengesMax = 20_000;

export interface Challenge {
  /** 32 random bytes, base64; signed once. */
  readonly nonce: string;
  readonly expiresAt: Millis;
}

export interface Who {
  readonly household: HouseholdId;
  readonly member: MemberId;
}

/** A member as the newest charter of the household has them. */
export interface Session extends Who, Standing {}

/** What decides about what a member may do and see. */
export type Standing = Pick<Member, "role" | "sees">;

/** `as`: whom the note claims to come from. */
export type LoginRefusal = { readonly kind: "login-refused" | "other-audience"; readonly as?: Who };

export interface Logins {
  /** A nonce to sign; the same for members that do not exist, so that nobody learns who does. */
  challenge(household: HouseholdId, member: MemberId): Promise<Challenge>;
  /** Checks a signed `login/v1` and uses its nonce up. `audiences` are this cloud's own origins. */
  login(note: string, audiences: readonly string[]): Promise<Result<Session, LoginRefusal>>;
}

export function createLogins(
  db: Kysely<Database>,
  { clock, random }: { clock: Clock; random: Random },
): Logins {
  const memberOf = (household: HouseholdId, id: MemberId) =>
    db
      .selectFrom("member")
      .select(["role", "sees", "login_key"])
      .where("household", "=", household)
      .where("id", "=", id)
      .executeTakeFirst();

  return {
    async challenge(household, member) {
      const now = clock.wall();
      const challenge = { nonce: toBase64(random.bytes(32)), expiresAt: millis(now + challengeMillisMax) };
      await makeRoom(db, { household, member }, now);
      const isMember = (await memberOf(household, member)) !== undefined;
      if (!isMember && (await waiting(db)) >= challengesMax) return challenge;
      // Power lost before this commit: the member asks for another nonce.
      await db
        .insertInto("login_challenge")
        .values({ nonce: challenge.nonce, household, member, expires_at: challenge.expiresAt })
        .execute();
      return challenge;
    },

    async login(note, audiences) {
      const claimed = parseLogin(textOf(note));
      if (!claimed.ok) return refuse({ kind: "login-refused" });
      const { household, member, audience, nonce } = claimed.value;
      const refused = { kind: "login-refused", as: { household, member } } as const;
      const row = await memberOf(household, member);
      const publicKey = fromBase64(row?.login_key ?? "");
      if (row === undefined || !publicKey.ok) return refuse(refused);
      const opened = openNote(note, [{ name: loginKeyName(member), publicKey: publicKey.value }]);
      if (!opened.ok) return refuse(refused);
      if (!audiences.includes(audience)) return refuse({ ...refused, kind: "other-audience" });
      const used = await useUp(db, { nonce, household, member }, clock.wall());
      return used ? ok({ household, member, ...standingOf(row) }) : refuse(refused);
    },
  };
}

/** Removes what has expired, and of this member's nonces all but the newest. */
async function makeRoom(
  db: Kysely<Database>,
  { household, member }: { household: string; member: string },
  now: Millis,
): Promise<void> {
  await db.deleteFrom("login_challenge").where("expires_at", "<=", now).execute();
  const newest = db
    .selectFrom("login_challenge")
    .select("nonce")
    .where("household", "=", household)
    .where("member", "=", member)
    .orderBy("expires_at", "desc")
    .limit(challengesPerMemberMax - 1);
  await db
    .deleteFrom("login_challenge")
    .where("household", "=", household)
    .where("member", "=", member)
    .where("nonce", "not in", newest)
    .execute();
}

async function waiting(db: Kysely<Database>): Promise<number> {
  const { count } = await db
    .selectFrom("login_challenge")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** True for exactly one caller per nonce. Power lost before the commit: no token was given out, the nonce still counts. */
async function useUp(
  db: Kysely<Database>,
  { nonce, household, member }: { nonce: string; household: string; member: string },
  now: Millis,
): Promise<boolean> {
  const deleted = await db
    .deleteFrom("login_challenge")
    .where("nonce", "=", nonce)
    .where("household", "=", household)
    .where("member", "=", member)
    .where("expires_at", ">", now)
    .returning("nonce")
    .execute();
  return deleted.length === 1;
}

/** What a member's row says. Doubt gives the smallest role. */
export function standingOf({ role, sees }: Pick<MemberRow, "role" | "sees">): Standing {
  const cameras = sees?.split(" ").filter(isCameraId);
  return { role: isRole(role) ? role : "contact", ...(cameras && { sees: cameras }) };
}
