import type { Kysely } from "kysely";
import { toBase32, toUtf8 } from "../../shared/kernel/bytes.js";
import { isOfficerId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { isOffice } from "../../shared/release/officelogin.js";
import { hashOf } from "../../shared/seal/hash.js";
import type { Database } from "../database.io.js";
import type { Post } from "./people.js";

/** A working day: then the person signs in anew, however often the session was renewed. */
const sessionMillisMax = 12 * 60 * 60_000;
/** One person's sessions at a time; a further one ends the one that was used least recently. */
const sessionsPerPersonMax = 8;

export interface OfficeGrant extends Post {
  readonly id: string;
  /** Renews the session, once. The cloud keeps its hash only. */
  readonly refresh: string;
}

export interface OfficeSessions {
  open(post: Post, client: string): Promise<OfficeGrant>;
  /** A new refresh token for the one that counts. Another one of the same session was used before or made up: it ends the session. */
  renew(refresh: string): Promise<OfficeGrant | undefined>;
  /** Whose open session it is. */
  behind(id: string): Promise<Post | undefined>;
  end(id: string): Promise<void>;
}

export function createOfficeSessions(
  db: Kysely<Database>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): OfficeSessions {
  const newRefresh = (id: string): string => `lintel_ot_${id}${toBase32(random.bytes(32))}`;
  return {
    async open({ office, person }, client) {
      const now = clock.wall();
      const id = toBase32(random.bytes(10));
      const refresh = newRefresh(id);
      await makeRoom(db, { office, person }, now);
      // Power lost before this commit: the person signs in again.
      await db
        .insertInto("office_session")
        .values({
          ...{ id, office, person, client, refresh: hashed(refresh) },
          ...{ used_at: now, expires_at: now + sessionMillisMax },
        })
        .execute();
      return { id, office, person, refresh };
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
        .returning(["office", "person"])
        .executeTakeFirst();
      if (row === undefined) await end(db, id);
      const post = row && postOf(row);
      return post && { ...post, id, refresh };
    },

    async behind(id) {
      const row = await db
        .selectFrom("office_session")
        .select(["office", "person"])
        .where("id", "=", id)
        .where("expires_at", ">", clock.wall())
        .executeTakeFirst();
      return row && postOf(row);
    },

    end: (id) => end(db, id),
  };
}

/** Power lost before the commit: nobody was told that it had ended. */
async function end(db: Kysely<Database>, id: string): Promise<void> {
  await db.deleteFrom("office_session").where("id", "=", id).execute();
}

/** Removes what has expired, and of this person's sessions all but the newest. */
async function makeRoom(db: Kysely<Database>, { office, person }: Post, now: number): Promise<void> {
  await db.deleteFrom("office_session").where("expires_at", "<=", now).execute();
  const newest = db
    .selectFrom("office_session")
    .select("id")
    .where("office", "=", office)
    .where("person", "=", person)
    .orderBy("used_at", "desc")
    .limit(sessionsPerPersonMax - 1);
  await db
    .deleteFrom("office_session")
    .where("office", "=", office)
    .where("person", "=", person)
    .where("id", "not in", newest)
    .execute();
}

function postOf({ office, person }: { readonly office: string; readonly person: string }): Post | undefined {
  return isOffice(office) && isOfficerId(person) ? { office, person } : undefined;
}

/** The tokens are 256 random bits: a plain hash is enough. */
function hashed(token: string): string {
  return hashOf(toUtf8(token));
}
