import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toBase32, toUtf8 } from "../../shared/kernel/bytes.js";
import type { HouseholdId, MemberId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Beside, writeBeside } from "../beside.io.js";
import type { Database } from "../database.io.js";
import { type Session, standingOf } from "./logins.io.js";
import type { Who } from "./person.js";
import { type Scope, scopesIn } from "./scopes.js";

import type { AccessTokenRow } from "./tables.js";

/** What every personal access token begins with: secret scanners look for `lintel_pat_[a-z2-7]{52}`. */
export const tokenPrefix = "lintel_pat_";
/** One member's tokens at a time. */
export const tokensPerMemberMax = 32;
const dayMillis = 24 * 60 * 60_000;
/** The last use is written down so often at most. */
const usedStepMillis = 60 * 60_000;

export interface AccessToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly madeAt: Millis;
  /** To the hour; absent when it was never used. */
  readonly usedAt?: Millis;
  readonly expiresAt: Millis;
}

export interface Wanted {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly days: number;
}

export interface MadeToken extends AccessToken {
  readonly secret: string;
}

export type TokenRefusal = { readonly kind: "too-many-tokens" };

/** The member behind a token, and what it is good for. */
export interface TokenBearer extends Session {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Millis;
}

export interface AccessTokens {
  /** `secret` is told here and never again: the cloud keeps its hash only. */
  make(who: Who, wanted: Wanted, beside?: Beside<MadeToken>): Promise<Result<MadeToken, TokenRefusal>>;
  /** `undefined` for one that is over, or whose member the charter names no more. */
  behind(secret: string): Promise<TokenBearer | undefined>;
  /** As `behind`, of a token that was let in before. */
  again(id: string): Promise<TokenBearer | undefined>;
  /** Newest first. */
  list(who: Who): Promise<readonly AccessToken[]>;
  /** False when the member has no such token. */
  end(who: Who, id: string): Promise<boolean>;
  /** Ends those of everybody but the members named. */
  keepOnly(household: HouseholdId, members: readonly MemberId[]): Promise<void>;
  /** Called with the ids of tokens that have ended before their time. */
  onEnd(listener: (ids: readonly string[]) => void): void;
}

export function createAccessTokens(
  db: Kysely<Database>,
  { clock, random }: { clock: Clock; random: Random },
): AccessTokens {
  const listeners: ((ids: readonly string[]) => void)[] = [];
  const told = (rows: readonly { readonly id: string }[]): number => {
    for (const listener of listeners) listener(rows.map(({ id }) => id));
    return rows.length;
  };
  const bearer = (column: "hash" | "id", value: string) => bearerOf(db, column, value, clock.wall());
  return {
    async make(who, { name, scopes, days }, beside) {
      const now = clock.wall();
      await db.deleteFrom("access_token").where("expires_at", "<=", now).execute();
      if ((await rowsOf(db, who)).length >= tokensPerMemberMax) return refuse({ kind: "too-many-tokens" });
      const secret = tokenPrefix + toBase32(random.bytes(32));
      const { household, member } = who;
      const row: AccessTokenRow = {
        ...{ id: toBase32(random.bytes(10)), household, member, name, scopes: scopes.join(" ") },
        ...{ hash: hashed(secret), made_at: now, used_at: null, expires_at: now + days * dayMillis },
      };
      const made = { ...tokenOf(row), secret };
      // Power lost before this commit: the secret was not told yet.
      await db.transaction().execute(async (tx) => {
        await tx.insertInto("access_token").values(row).execute();
        await writeBeside(tx, beside, made);
      });
      return ok(made);
    },
    async behind(secret) {
      const found = await bearer("hash", hashed(secret));
      if (found !== undefined) await noteUse(db, found.id, clock.wall());
      return found;
    },
    again: (id) => bearer("id", id),
    list: async (who) => (await rowsOf(db, who)).filter((row) => row.expires_at > clock.wall()).map(tokenOf),
    // Power lost before either commit: nobody was told that it had ended.
    async end({ household, member }, id) {
      const own = db
        .deleteFrom("access_token")
        .where("household", "=", household)
        .where("member", "=", member);
      return told(await own.where("id", "=", id).returning("id").execute()) === 1;
    },
    async keepOnly(household, members) {
      const others = db.deleteFrom("access_token").where("household", "=", household);
      told(await others.where("member", "not in", members).returning("id").execute());
    },
    onEnd: (listener) => void listeners.push(listener),
  };
}

function rowsOf(db: Kysely<Database>, { household, member }: Who): Promise<AccessTokenRow[]> {
  return db
    .selectFrom("access_token")
    .selectAll()
    .where("household", "=", household)
    .where("member", "=", member)
    .orderBy("made_at", "desc")
    .orderBy("id")
    .execute();
}

async function bearerOf(
  db: Kysely<Database>,
  column: "hash" | "id",
  value: string,
  now: Millis,
): Promise<TokenBearer | undefined> {
  const row = await db
    .selectFrom("access_token")
    .innerJoin("member", (join) =>
      join
        .onRef("member.household", "=", "access_token.household")
        .onRef("member.id", "=", "access_token.member"),
    )
    .selectAll("access_token")
    .select(["member.role", "member.sees"])
    .where(`access_token.${column}`, "=", value)
    .where("access_token.expires_at", ">", now)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  // Stored by `make`, which takes nothing but these.
  const who = { household: row.household as HouseholdId, member: row.member as MemberId };
  return { ...who, ...standingOf(row), ...tokenOf(row) };
}

/** Power lost before this commit: the last use shows as an earlier one. */
async function noteUse(db: Kysely<Database>, id: string, now: Millis): Promise<void> {
  await db
    .updateTable("access_token")
    .set({ used_at: now })
    .where("id", "=", id)
    .where(({ or, eb }) => or([eb("used_at", "is", null), eb("used_at", "<=", now - usedStepMillis)]))
    .execute();
}

function tokenOf({ id, name, scopes, made_at, used_at, expires_at }: AccessTokenRow): AccessToken {
  const times = { madeAt: millis(made_at), expiresAt: millis(expires_at) };
  return {
    id,
    name,
    scopes: scopesIn(scopes),
    ...times,
    ...(used_at !== null && { usedAt: millis(used_at) }),
  };
}

/** The secrets are 256 random bits: a plain hash is enough. */
function hashed(secret: string): string {
  return hashOf(toUtf8(secret));
}
