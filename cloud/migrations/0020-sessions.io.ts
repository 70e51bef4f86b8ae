import type { Kysely, Migration } from "kysely";

/** Members' sessions with their refresh tokens, and attempts to sign in that failed. */
export const sessions: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("session")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("how", "text", (column) => column.notNull())
      .addColumn("client", "text", (column) => column.notNull())
      .addColumn("refresh", "text", (column) => column.notNull().unique())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addColumn("used_at", "bigint", (column) => column.notNull())
      .addColumn("expires_at", "bigint", (column) => column.notNull())
      .execute();
    await schema.createIndex("session_of_member").on("session").columns(["household", "member"]).execute();
    await schema.createIndex("session_expiry").on("session").column("expires_at").execute();
    await schema
      .createTable("spent_refresh")
      .addColumn("refresh", "text", (column) => column.primaryKey())
      .addColumn("session", "text", (column) => column.notNull().references("session.id").onDelete("cascade"))
      .execute();
    await schema.createIndex("spent_refresh_of_session").on("spent_refresh").column("session").execute();
    await schema
      .createTable("sign_in_failure")
      .addColumn("key", "text", (column) => column.primaryKey())
      .addColumn("failures", "integer", (column) => column.notNull())
      .addColumn("since", "bigint", (column) => column.notNull())
      .execute();
    await schema.createIndex("sign_in_failure_since").on("sign_in_failure").column("since").execute();
  },
};
