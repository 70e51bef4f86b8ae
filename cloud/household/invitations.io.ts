import type { Kysely } from "kysely";
import { formatNewcomer, type JoiningRefusal, parseNewcomer } from "../../shared/charter/joining.js";
import { allRoles, type Role } from "../../shared/charter/lines.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type HouseholdId, isHouseholdId } from "../../shared/kernel/ids.js";
import type { Clock } from "../../shared/kernel/ports.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { type Beside, writeBeside } from "../beside.io.js";
import type { Database } from "../database.io.js";
import type { InvitationRow } from "./tables.js";

/** Of one household at a time that have not ended and whose newcomer is no member yet. */
export const openInvitationsMax = 16;
/** Newest first, so many of a household are shown. */
const listedInvitationsMax = 64;
const dayMillis = 24 * 60 * 60_000;
/** How long one waits for an answer: at most, and where its maker says nothing. */
const waitMillis = { max: 7 * dayMillis, usual: dayMillis } as const;
/** After its end an invitation is remembered for so long: a late newcomer hears "expired", and an owner may still sign an answer. */
const rememberedMillis = 7 * dayMillis;

export type MakeInvitationRefusal = {
  readonly kind: "invitation-exists" | "invitation-ends-in-the-past" | "too-many-invitations";
};
export type AnswerInvitationRefusal =
  | JoiningRefusal
  | { readonly kind: "not-there" | "invitation-answered" | "invitation-expired" };

export interface NewInvitation {
  readonly id: string;
  /** What the newcomer is meant to become; only a reminder. */
  readonly role: Role | undefined;
  readonly expiresAt: Millis | undefined;
}

export interface InvitationView {
  readonly id: string;
  /** `joined`: the newest charter names who answered. */
  readonly state: "waiting" | "answered" | "joined" | "expired";
  readonly role?: Role;
  readonly madeAt: Millis;
  readonly expiresAt: Millis;
  /** The line of the first who answered. */
  readonly newcomer?: string;
  readonly answeredAt?: Millis;
  /** When somebody else first tried to answer, too. */
  readonly contestedAt?: Millis;
}

/** What an answer changed. */
export interface Answered {
  readonly household: HouseholdId;
  readonly invitation: string;
  readonly name: string;
  /** Somebody had answered otherwise before. */
  readonly contested: boolean;
}

/** Newcomers' public lines on their way to the owners. Nothing here makes anybody a member. */
export interface Invitations {
  /** The same again is fine. */
  make(
    household: HouseholdId,
    wanted: NewInvitation,
    beside?: Beside<InvitationView>,
  ): Promise<Result<InvitationView, MakeInvitationRefusal>>;
  list(household: HouseholdId): Promise<readonly InvitationView[]>;
  /** False when the household has no such invitation. */
  remove(household: HouseholdId, id: string): Promise<boolean>;
  /** Takes a newcomer's line durably, once; the same line again is fine. */
  answer(id: string, line: string): Promise<Result<undefined, AnswerInvitationRefusal>>;
  /** Called after each commit of a first answer, and of the first other one. */
  onAnswer(listener: (answered: Answered) => void): void;
}

const unanswered = { newcomer: null, member: null, answered_at: null, contested_at: null };

export function createInvitations(db: Kysely<Database>, clock: Clock): Invitations {
  const listeners: ((answered: Answered) => void)[] = [];
  const tell = (row: Pick<InvitationRow, "id" | "household">, name: string, contested: boolean): void => {
    if (!isHouseholdId(row.household)) return;
    const answered = { household: row.household, invitation: row.id, name, contested };
    for (const listener of listeners) listener(answered);
  };
  return {
    make: (household, wanted, beside) =>
      db.transaction().execute(async (tx) => {
        const made = await makeOne(tx, household, wanted, clock.wall());
        if (made.ok) await writeBeside(tx, beside, made.value);
        return made;
      }),

    async list(household) {
      const rows = await rowsOf(db, household)
        .orderBy("made_at", "desc")
        .orderBy("id")
        .limit(listedInvitationsMax)
        .execute();
      return rows.map((row) => shown(row, clock.wall()));
    },

    async remove(household, id) {
      const own = db.deleteFrom("invitation").where("household", "=", household).where("id", "=", id);
      return (await own.returning("id").execute()).length === 1;
    },

    async answer(id, line) {
      const newcomer = parseNewcomer(line);
      if (!newcomer.ok) return newcomer;
      const { name, id: member } = newcomer.value;
      const now = clock.wall();
      const written = { newcomer: formatNewcomer(newcomer.value), member };
      const first = await takeAnswer(db, id, written, now);
      if (first !== undefined) {
        tell(first, name, false);
        return ok(undefined);
      }
      const row = await db.selectFrom("invitation").selectAll().where("id", "=", id).executeTakeFirst();
      if (row === undefined) return refuse({ kind: "not-there" });
      if (row.newcomer === written.newcomer) return ok(undefined);
      if (row.newcomer === null) return refuse({ kind: "invitation-expired" });
      if (await contest(db, id, now)) tell(row, name, true);
      return refuse({ kind: "invitation-answered" });
    },

    onAnswer: (listener) => void listeners.push(listener),
  };
}

/** In a transaction: of two at a time the second counts the first. Power lost before its commit: nobody was shown the id yet. */
async function makeOne(
  tx: Kysely<Database>,
  household: HouseholdId,
  wanted: NewInvitation,
  now: Millis,
): Promise<Result<InvitationView, MakeInvitationRefusal>> {
  const { id, role, expiresAt: asked = now + waitMillis.usual } = wanted;
  const before = await viewOf(tx, household, id, now);
  if (before !== undefined) return before.role === role ? ok(before) : refuse({ kind: "invitation-exists" });
  if (asked <= now) return refuse({ kind: "invitation-ends-in-the-past" });
  await tx
    .deleteFrom("invitation")
    .where("expires_at", "<", now - rememberedMillis)
    .execute();
  if ((await openOnes(tx, household, now)) >= openInvitationsMax)
    return refuse({ kind: "too-many-invitations" });
  const expires_at = Math.min(asked, now + waitMillis.max);
  const row = { ...unanswered, id, household, role: role ?? null, made_at: now, expires_at };
  const made = await tx
    .insertInto("invitation")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .execute();
  return made.length === 1 ? ok(shown({ ...row, joined: null }, now)) : refuse({ kind: "invitation-exists" });
}

/** The row for exactly one answer. Power lost before the commit: the invitation still waits, the newcomer asks again. */
function takeAnswer(
  db: Kysely<Database>,
  id: string,
  answer: { readonly newcomer: string; readonly member: string },
  now: Millis,
): Promise<Pick<InvitationRow, "id" | "household"> | undefined> {
  return db
    .updateTable("invitation")
    .set({ ...answer, answered_at: now })
    .where("id", "=", id)
    .where("newcomer", "is", null)
    .where("expires_at", ">", now)
    .returning(["id", "household"])
    .executeTakeFirst();
}

/** True for the first other answer alone. Power lost before the commit: whoever it was was not refused yet. */
async function contest(db: Kysely<Database>, id: string, now: Millis): Promise<boolean> {
  const changed = await db
    .updateTable("invitation")
    .set({ contested_at: now })
    .where("id", "=", id)
    .where("contested_at", "is", null)
    .returning("id")
    .execute();
  return changed.length === 1;
}

type KnownRow = InvitationRow & { readonly joined: string | null };

function rowsOf(db: Kysely<Database>, household: HouseholdId) {
  return db
    .selectFrom("invitation")
    .leftJoin("member", (join) =>
      join
        .onRef("member.household", "=", "invitation.household")
        .onRef("member.id", "=", "invitation.member"),
    )
    .selectAll("invitation")
    .select("member.id as joined")
    .where("invitation.household", "=", household);
}

async function viewOf(
  db: Kysely<Database>,
  household: HouseholdId,
  id: string,
  now: Millis,
): Promise<InvitationView | undefined> {
  const row = await rowsOf(db, household).where("invitation.id", "=", id).executeTakeFirst();
  return row && shown(row, now);
}

async function openOnes(db: Kysely<Database>, household: HouseholdId, now: Millis): Promise<number> {
  const rows = await rowsOf(db, household).where("expires_at", ">", now).execute();
  return rows.filter(({ joined }) => joined === null).length;
}

function shown(row: KnownRow, now: Millis): InvitationView {
  const { id, newcomer, answered_at, contested_at } = row;
  const role = allRoles.find((one) => one === row.role);
  return {
    id,
    state: stateOf(row, now),
    ...(role && { role }),
    madeAt: millis(row.made_at),
    expiresAt: millis(row.expires_at),
    ...(newcomer !== null && { newcomer }),
    ...(answered_at !== null && { answeredAt: millis(answered_at) }),
    ...(contested_at !== null && { contestedAt: millis(contested_at) }),
  };
}

function stateOf({ joined, newcomer, expires_at }: KnownRow, now: Millis): InvitationView["state"] {
  if (joined !== null) return "joined";
  if (newcomer !== null) return "answered";
  return now < expires_at ? "waiting" : "expired";
}
