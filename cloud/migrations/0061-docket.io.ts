import type { Kysely, Migration } from "kysely";

/** Every machine's states and steps: agencies, requests, releases, legal process, accesses. */
export const docket: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable("docket")
      .addColumn("machine", "text", (column) => column.notNull())
      .addColumn("id", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("agency", "text")
      .addColumn("household", "text")
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("deadline", "bigint")
      .addColumn("pending", "text")
      .addColumn("settled", "integer", (column) => column.notNull())
      .addColumn("began_at", "bigint", (column) => column.notNull())
      .addColumn("changed_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("docket_key", ["machine", "id"])
      .execute();
    await schema.createIndex("docket_deadline").on("docket").columns(["machine", "deadline"]).execute();
    await schema.createIndex("docket_agency").on("docket").columns(["machine", "agency", "id"]).execute();
    await schema
      .createIndex("docket_household")
      .on("docket")
      .columns(["machine", "household", "id"])
      .execute();
    await schema.createIndex("docket_kind").on("docket").columns(["machine", "kind", "id"]).execute();
    await schema
      .createTable("docket_step")
      .addColumn("machine", "text", (column) => column.notNull())
      .addColumn("id", "text", (column) => column.notNull())
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("at", "bigint", (column) => column.notNull())
      .addColumn("by", "text", (column) => column.notNull())
      .addColumn("log_index", "integer")
      .addPrimaryKeyConstraint("docket_step_key", ["machine", "id", "version"])
      .execute();
  },
};
