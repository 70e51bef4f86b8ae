import type { Kysely, Migration } from "kysely";

/** By which newcomers' public keys come to the owners; an id gives no right but to answer once. */
export const invitations: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("invitation")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("role", "text")
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .addColumn("newcomer", "text")
      .addColumn("member", "text")
      .addColumn("answered_at", "bigint")
      .addColumn("contested_at", "bigint")
      .execute();
    await schema.createIndex("invitation_household").on("invitation").column("household").execute();
  },
};
