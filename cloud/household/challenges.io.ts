import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import type { Database } from "../database.io.js";
import type { Holder } from "./person.js";
import { makeRoom, type Shelf } from "./room.io.js";

/** How long a nonce waits for its login. */
const challengeMillisMax = 2 * 60_000;
/** Nonces that may wait for one person at a time; a further one puts the oldest out, so that nobody can lock a person out. */
const shelf: Shelf = { table: "login_challenge", id: "nonce", newest: "expires_at", perPersonMax: 32 };
/** Nonces that wait in all before those of invented people are no longer kept. */
const challengesMax = 20_000;

export interface Challenge {
  /** 32 random bytes, base64; signed once. */
  readonly nonce: string;
  readonly expiresAt: Millis;
}

export interface Challenges {
  /** A nonce to sign; the same for people that do not exist, so that nobody learns who does. */
  offer(whom: Holder, isThere: boolean): Promise<Challenge>;
  /** True for exactly one caller per nonce. */
  useUp(nonce: string, whom: Holder): Promise<boolean>;
}

export function createChallenges(
  db: Kysely<Database>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Challenges {
  return {
    async offer({ household, member }, isThere) {
      const now = clock.wall();
      const challenge = { nonce: toBase64(random.bytes(32)), expiresAt: millis(now + challengeMillisMax) };
      await makeRoom(db, shelf, { household, member }, now);
      if (!isThere && (await waiting(db)) >= challengesMax) return challenge;
      // Power lost before this commit: the person asks for another nonce.
      await db
        .insertInto("login_challenge")
        .values({ nonce: challenge.nonce, household, member, expires_at: challenge.expiresAt })
        .execute();
      return challenge;
    },
    async useUp(nonce, { household, member }) {
      // Power lost before the commit: no token was given out, the nonce still counts.
      const deleted = await db
        .deleteFrom("login_challenge")
        .where("nonce", "=", nonce)
        .where("household", "=", household)
        .where("member", "=", member)
        .where("expires_at", ">", clock.wall())
        .returning("nonce")
        .execute();
      return deleted.length === 1;
    },
  };
}

async function waiting(db: Kysely<Database>): Promise<number> {
  const { count } = await db
    .selectFrom("login_challenge")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}
