import type { Kysely, Migration } from "kysely";

/** Members' generated passphrases with what makes their codes. */
export const passphrases: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("passphrase")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("salt", "text", (column) => column.notNull())
      .addColumn("hash", "text", (column) => column.notNull())
      .addColumn("code_key", "text", (column) => column.notNull())
      .addColumn("code_step", "bigint", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("used_at", "bigint")
      .addUniqueConstraint("one_passphrase_of_a_member", ["household", "member"])
      .execute();
  },
};
