import type { Kysely, Migration } from "kysely";

/** Members' seeds, each sealed to a passphrase that the cloud never sees. */
export const recoveries: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("recovery")
      .addColumn("household", "text", (column) => column.notNull())
      .addColumn("member", "text", (column) => column.notNull())
      .addColumn("id", "text", (column) => column.notNull().unique())
      .addColumn("file", "text", (column) => column.notNull())
      .addColumn("made_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("recovery_key", ["household", "member"])
      .execute();
  },
};
