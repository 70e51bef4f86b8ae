import type { Kysely, Migration } from "kysely";

/** Members who see some cameras only. */
export const sight: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.alterTable("member").addColumn("sees", "text").execute();
  },
};
