import type { Kysely, Migration } from "kysely";

/** What stands in the public log, and the checkpoints that were published of it. */
export const publicLog: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("log_entry")
      .addColumn("sha256", "text", (column) => column.primaryKey())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("agency", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("hash", "text", (column) => column.notNull())
      .addColumn("origin", "text", (column) => column.notNull())
      .addColumn("from_size", "bigint", (column) => column.notNull())
      .addColumn("place", "bigint")
      .execute();
    // What waits for its place is in none of these: each is written once.
    const index = (name: string, ...columns: string[]) =>
      schema.createIndex(name).on("log_entry").columns(columns).where("place", "is not", null).execute();
    await index("log_entry_place", "place");
    await index("log_entry_kind", "kind", "place");
    await index("log_entry_agency", "agency", "place");
    await index("log_entry_subject", "subject", "place");
    await schema
      .createTable("log_checkpoint")
      .addColumn("origin", "text", (column) => column.notNull())
      .addColumn("size", "bigint", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("log_checkpoint_key", ["origin", "size"])
      .execute();
  },
};
