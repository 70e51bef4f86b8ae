import type { Kysely } from "kysely";
import type { Database } from "../database.io.js";
import type { Directory } from "../office/people.js";
import type { People } from "./person.js";

/** Members by the rows of the newest charters, officers and operators by their directory. */
export function createPeople(db: Kysely<Database>, directory: Pick<Directory, "find">): People {
  return {
    async nameOf(person) {
      if ("office" in person) {
        const found = await directory.find(person);
        return found && `${found.name}, ${found.role}`;
      }
      const row = await db
        .selectFrom("member")
        .select("name")
        .where("household", "=", person.household)
        .where("id", "=", person.member)
        .executeTakeFirst();
      return row?.name;
    },
  };
}
