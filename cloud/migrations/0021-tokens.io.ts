import type { Kysely, Migration } from "kysely";

/** Personal access tokens, for scripts. */
export const tokens: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("access_token")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("hash", "text", (column) => column.notNull().unique())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("used_at", "bigint")
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await schema
      .createIndex("access_token_of_member")
      .on("access_token")
      .columns(["household", "member"])
      .execute();
  },
};
