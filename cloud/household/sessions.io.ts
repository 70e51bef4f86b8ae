import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toBase32, toUtf8 } from "../../shared/kernel/bytes.js";
import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { hashOf } from "../../shared/seal/hash.js";
import type { Database } from "../database.io.js";
import { type Session, standingOf } from "./logins.io.js";
import type { Who } from "./person.js";
import { makeRoom, type Shelf } from "./room.io.js";
import type { SessionRow } from "./tables.js";

/** A session ends after so long at the latest, however often it is renewed. */
const sessionMillisMax = 90 * 24 * 60 * 60_000;
/** One member's sessions at a time; a further one ends the one that was used least recently. */
export const sessionsPerMemberMax = 32;
const shelf: Shelf = { table: "session", id: "id", newest: "used_at", perPersonMax: sessionsPerMemberMax };

const signInMethods = ["key", "passkey", "passphrase"] as const;
/** What somebody signed in with. */
export type SignInMethod = (typeof signInMethods)[number];
export const isSignInMethod = (text: string): text is SignInMethod =>
  (signInMethods as readonly string[]).includes(text);

/** The member behind an open session. */
export interface SignedIn extends Session {
  readonly name: string;
  /** What they signed in with. */
  readonly how: string;
}

export interface OpenSession {
  readonly id: string;
  readonly how: string;
  /** What the client calls itself: anybody's word. */
  readonly client: string;
  readonly madeAt: Millis;
  /** When it was last renewed. */
  readonly usedAt: Millis;
  readonly expiresAt: Millis;
}

/** A session that was just opened or renewed. */
export interface Granted extends Who {
  readonly id: string;
  /** Renews it, once. The cloud keeps its hash only. */
  readonly refresh: string;
  readonly expiresAt: Millis;
}

export interface Sessions {
  open(who: Who, by: { readonly how: SignInMethod; readonly client: string }): Promise<Granted>;
  /** A new refresh token for the one that counts. One that was used before ends its session: it was copied. */
  renew(refresh: string): Promise<Granted | undefined>;
  /** The member behind an open session, as of now. */
  behind(id: string, who: Who): Promise<SignedIn | undefined>;
  /** Newest first. */
  list(who: Who): Promise<readonly OpenSession[]>;
  /** False when the member has no such session. */
  end(who: Who, id: string): Promise<boolean>;
  endAll(who: Who): Promise<void>;
  /** Ends those of everybody but the members named. */
  keepOnly(household: HouseholdId, members: readonly MemberId[]): Promise<void>;
  /** Called with the ids of sessions that have ended before their time. */
  onEnd(listener: (ids: readonly string[]) => void): void;
}

export function createSessions(
  db: Kysely<Database>,
  { clock, random }: { clock: Clock; random: Random },
): Sessions {
  const listeners: ((ids: readonly string[]) => void)[] = [];
  const tellOf = (ids: readonly string[]): number => {
    if (ids.length > 0) for (const listener of listeners) listener(ids);
    return ids.length;
  };
  const told = (rows: readonly { readonly id: string }[]) => tellOf(rows.map(({ id }) => id));
  const newRefresh = (): string => `lintel_rt_${toBase32(random.bytes(32))}`;
  const ofMember = ({ household, member }: Who) =>
    db.deleteFrom("session").where("household", "=", household).where("member", "=", member);

  return {
    async open({ household, member }, { how, client }) {
      const now = clock.wall();
      const refresh = newRefresh();
      const granted = { id: toBase32(random.bytes(10)), household, member, refresh };
      const expiresAt = millis(now + sessionMillisMax);
      tellOf(await makeRoom(db, shelf, { household, member }, now));
      // Power lost before this commit: the member signs in again.
      await db
        .insertInto("session")
        .values({
          ...{ id: granted.id, household, member, how, client, refresh: hashed(refresh) },
          ...{ made_at: now, used_at: now, expires_at: expiresAt },
        })
        .execute();
      return { ...granted, expiresAt };
    },

    async renew(old) {
      const refresh = newRefresh();
      const row = await rotate(db, { old: hashed(old), next: hashed(refresh) }, clock.wall());
      if (row !== undefined) return { ...grantedOf(row), refresh };
      const copied = db.selectFrom("spent_refresh").select("session").where("refresh", "=", hashed(old));
      told(await db.deleteFrom("session").where("id", "in", copied).returning("id").execute());
      return undefined;
    },

    behind: (id, who) => memberBehind(db, id, who, clock.wall()),

    list: (who) => openOf(db, who, clock.wall()),

    // Power lost before any of these commits: nobody was told that it had ended.
    end: async (who, id) => told(await ofMember(who).where("id", "=", id).returning("id").execute()) === 1,
    async endAll(who) {
      told(await ofMember(who).returning("id").execute());
    },
    async keepOnly(household, members) {
      const others = db.deleteFrom("session").where("household", "=", household);
      told(await others.where("member", "not in", members).returning("id").execute());
    },
    onEnd: (listener) => void listeners.push(listener),
  };
}

async function memberBehind(
  db: Kysely<Database>,
  id: string,
  { household, member }: Who,
  now: Millis,
): Promise<SignedIn | undefined> {
  const row = await db
    .selectFrom("session")
    .innerJoin("member", (join) =>
      join.onRef("member.household", "=", "session.household").onRef("member.id", "=", "session.member"),
    )
    .select(["member.role", "member.sees", "member.name", "session.how"])
    .where("session.id", "=", id)
    .where("session.household", "=", household)
    .where("session.member", "=", member)
    .where("session.expires_at", ">", now)
    .executeTakeFirst();
  return row && { household, member, ...standingOf(row), name: row.name, how: row.how };
}

async function openOf(
  db: Kysely<Database>,
  { household, member }: Who,
  now: Millis,
): Promise<readonly OpenSession[]> {
  const rows = await db
    .selectFrom("session")
    .selectAll()
    .where("household", "=", household)
    .where("member", "=", member)
    .where("expires_at", ">", now)
    .orderBy("made_at", "desc")
    .orderBy("id")
    .execute();
  return rows.map(({ id, how, client, made_at, used_at, expires_at }) => ({
    ...{ id, how, client },
    ...{ madeAt: millis(made_at), usedAt: millis(used_at), expiresAt: millis(expires_at) },
  }));
}

/**
 * The session whose token counted until now; for one caller only. Power lost before the commit: the old token still counts;
 * after it, with the answer lost: the client signs in again.
 */
function rotate(
  db: Kysely<Database>,
  { old, next }: { readonly old: string; readonly next: string },
  now: Millis,
): Promise<SessionRow | undefined> {
  return db.transaction().execute(async (tx) => {
    const row = await tx
      .updateTable("session")
      .set({ refresh: next, used_at: now })
      .where("refresh", "=", old)
      .where("expires_at", ">", now)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom("member")
            .select("member.id")
            .whereRef("member.household", "=", "session.household")
            .whereRef("member.id", "=", "session.member"),
        ),
      )
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined)
      await tx.insertInto("spent_refresh").values({ refresh: old, session: row.id }).execute();
    return row;
  });
}

function grantedOf({ id, household, member, expires_at }: SessionRow): Omit<Granted, "refresh"> {
  // Stored by `open`, which takes nothing but these.
  const who = { household: household as HouseholdId, member: member as MemberId };
  return { id, ...who, expiresAt: millis(expires_at) };
}

/** The tokens are 256 random bits: a plain hash is enough. */
function hashed(token: string): string {
  return hashOf(toUtf8(token));
}
