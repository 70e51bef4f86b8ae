import { createHmac } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { Clock } from "../../shared/kernel/ports.js";
import type { Database } from "../database.io.js";
import type { Person } from "./person.js";

/** Failed attempts to sign in that are borne in an hour, as one member and from one address. */
export const failuresMax = { ofMember: 20, ofAddress: 60 } as const;
const windowMillis = 60 * 60_000;
/** Counters that are kept; then the oldest go. */
const countersMax = 100_000;

/** Whom an attempt is counted against. */
export type Culprit =
  /** A sign-in name that somebody typed. */
  | { readonly signInName: string }
  /** The same, by whoever has its words. */
  | { readonly codesOf: string }
  | { readonly address: string }
  | Person;

/**
 * Counts attempts to sign in that failed, durably: a restart forgives nothing. It keeps a keyed hash of an address, for an
 * hour. Invented members are counted like real ones.
 */
export interface Throttle {
  /** How long the culprit must wait, in seconds; `undefined` when it need not. */
  wait(culprit: Culprit): Promise<number | undefined>;
  failed(culprits: readonly Culprit[]): Promise<void>;
}

/** `secret` keeps addresses from being found by trying them all. */
export function createThrottle(
  db: Kysely<Database>,
  { clock, secret }: { readonly clock: Clock; readonly secret: string },
): Throttle {
  const keyOf = (culprit: Culprit): string => {
    const said = nameOf(culprit);
    return createHmac("sha256", secret).update(`lintel sign-in throttle\n${said}`).digest("base64");
  };
  return {
    async wait(culprit) {
      const max = "address" in culprit ? failuresMax.ofAddress : failuresMax.ofMember;
      const row = await db
        .selectFrom("sign_in_failure")
        .select(["failures", "since"])
        .where("key", "=", keyOf(culprit))
        .executeTakeFirst();
      const left = row === undefined ? 0 : row.since + windowMillis - clock.wall();
      return row !== undefined && row.failures >= max && left > 0 ? Math.ceil(left / 1_000) : undefined;
    },
    async failed(culprits) {
      const now = clock.wall();
      await forget(db, now);
      // Power lost before this commit: one attempt goes uncounted.
      await db
        .insertInto("sign_in_failure")
        .values(culprits.map((culprit) => ({ key: keyOf(culprit), failures: 1, since: now })))
        .onConflict((conflict) =>
          conflict
            .column("key")
            .doUpdateSet(({ eb }) => ({ failures: eb("sign_in_failure.failures", "+", 1) })),
        )
        .execute();
    },
  };
}

function nameOf(culprit: Culprit): string {
  if ("address" in culprit) return `address ${networkOf(culprit.address)}`;
  if ("signInName" in culprit) return `name ${culprit.signInName}`;
  if ("codesOf" in culprit) return `codes ${culprit.codesOf}`;
  if ("office" in culprit) return `office ${culprit.office} ${culprit.person}`;
  return `member ${culprit.household} ${culprit.member}`;
}

/** What lies behind the window, and the oldest of what is too much. */
async function forget(db: Kysely<Database>, now: Millis): Promise<void> {
  const past = millis(now - windowMillis);
  await db.deleteFrom("sign_in_failure").where("since", "<=", past).execute();
  const kept = db.selectFrom("sign_in_failure").select("key").orderBy("since", "desc").limit(countersMax);
  const { count } = await db
    .selectFrom("sign_in_failure")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  if (Number(count) > countersMax)
    await db.deleteFrom("sign_in_failure").where("key", "not in", kept).execute();
}

/** One household's part of the Internet: an IPv4 address, an IPv6 /64. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().replace(/%.*$/, "").split("::");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address.toLowerCase());
  if (mapped?.[1] !== undefined) return mapped[1];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(8 - before.length - after.length, 0) }, () => "0");
  const groups = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
