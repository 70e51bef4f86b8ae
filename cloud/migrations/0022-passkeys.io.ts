import type { Kysely, Migration } from "kysely";

/** Members' passkeys, the links by which they come in, and challenges that were answered. */
export const passkeys: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("passkey")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("public_key", "text", (column) => column.notNull())
      .addColumn("counter", "bigint", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("used_at", "bigint")
      .execute();
    await schema.createIndex("passkey_of_member").on("passkey").columns(["household", "member"]).execute();
    await schema
      .createTable("passkey_link")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("challenge", "text", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .addUniqueConstraint("one_link_of_a_member", ["household", "member"])
      .execute();
    await schema
      .createTable("spent_challenge")
      .addColumn("challenge", "text", (column) => column.primaryKey())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
  },
};
