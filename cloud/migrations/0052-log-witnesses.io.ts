import type { Kysely, Migration } from "kysely";

/** How many witnesses cosigned a published checkpoint: a log that names witnesses later is proven under what they have seen. */
export const logWitnesses: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .alterTable("log_checkpoint")
      .addColumn("witnesses", "integer", (column) => column.notNull().defaultTo(0))
      .execute();
  },
};
