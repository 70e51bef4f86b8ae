import type { Kysely } from "kysely";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { toBase32, toUtf8 } from "../../shared/kernel/bytes.js";
import { isOfficerId, type OfficerId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { isOffice, type Office } from "../../shared/release/officelogin.js";
import { hashOf } from "../../shared/seal/hash.js";
import type { Database } from "../database.io.js";
import { makeRoom, type Shelf } from "../household/room.io.js";
import { isSignInMethod, type SignInMethod } from "../household/sessions.io.js";
import type { Post } from "./people.js";
import type { OfficeSessionRow } from "./tables.js";

/** A working day: then the person signs in anew, however often the session was renewed. */
const sessionMillisMax = 12 * 60 * 60_000;
/** One person's sessions at a time; a further one ends the one that was used least recently. */
const shelf: Shelf = { table: "office_session", id: "id", newest: "used_at", perPersonMax: 8 };

/** An open session, and whose it is. */
export interface OfficeSession extends Post {
  readonly id: string;
  /** What it was opened with. */
  readonly how: SignInMethod;
  readonly expiresAt: Millis;
}

export interface OfficeGrant extends OfficeSession {
  /** Renews the session, once. The cloud keeps its hash only. */
  readonly refresh: string;
}

export interface OfficeSessions {
  open(post: Post, by: { readonly how: SignInMethod; readonly client: string }): Promise<OfficeGrant>;
  /** A new refresh token for the one that counts. Another one of the same session was used before or made up: it ends the session. */
  renew(refresh: string): Promise<OfficeGrant | undefined>;
  behind(id: string): Promise<OfficeSession | undefined>;
  end(id: string): Promise<void>;
  endAll(post: Post): Promise<void>;
  /** Ends those of everybody there but the people named. */
  keepOnly(office: Office, people: readonly OfficerId[]): Promise<void>;
}

export function createOfficeSessions(
  db: Kysely<Database>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): OfficeSessions {
  const newRefresh = (id: string): string => `lintel_ot_${id}${toBase32(random.bytes(32))}`;
  return {
    async open({ office, person }, { how, client }) {
      const now = clock.wall();
      const expiresAt = millis(now + sessionMillisMax);
      const id = toBase32(random.bytes(10));
      const refresh = newRefresh(id);
      await makeRoom(db, shelf, { office, person }, now);
      // Power lost before this commit: the person signs in again.
      await db
        .insertInto("office_session")
        .values({
          ...{ id, office, person, how, client, refresh: hashed(refresh) },
          ...{ used_at: now, expires_at: expiresAt },
        })
        .execute();
      return { id, office, person, how, expiresAt, refresh };
    },

    async renew(old) {
      const id = old.slice("lintel_ot_".length, -52);
      const refresh = newRefresh(id);
      // Power lost before the commit: the old token still counts; after it, with the answer lost: the person signs in again.
      const row = await db
        .updateTable("office_session")
        .set({ refresh: hashed(refresh), used_at: clock.wall() })
        .where("id", "=", id)
        .where("refresh", "=", hashed(old))
        .where("expires_at", ">", clock.wall())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) await end(db, id);
      const session = row && sessionOf(row);
      return session && { ...session, refresh };
    },

    async behind(id) {
      const row = await db
        .selectFrom("office_session")
        .selectAll()
        .where("id", "=", id)
        .where("expires_at", ">", clock.wall())
        .executeTakeFirst();
      return row && sessionOf(row);
    },

    end: (id) => end(db, id),
    // Power lost before either commit: nobody was told that it had ended, and whom nothing names gets in by none.
    async endAll({ office, person }) {
      await db
        .deleteFrom("office_session")
        .where("office", "=", office)
        .where("person", "=", person)
        .execute();
    },
    async keepOnly(office, people) {
      await db
        .deleteFrom("office_session")
        .where("office", "=", office)
        .where("person", "not in", people)
        .execute();
    },
  };
}

/** Power lost before the commit: nobody was told that it had ended. */
async function end(db: Kysely<Database>, id: string): Promise<void> {
  await db.deleteFrom("office_session").where("id", "=", id).execute();
}

function sessionOf({ id, office, person, how, expires_at }: OfficeSessionRow): OfficeSession | undefined {
  const known = isOffice(office) && isOfficerId(person) && isSignInMethod(how);
  return known ? { id, office, person, how, expiresAt: millis(expires_at) } : undefined;
}

/** The tokens are 256 random bits: a plain hash is enough. */
function hashed(token: string): string {
  return hashOf(toUtf8(token));
}
