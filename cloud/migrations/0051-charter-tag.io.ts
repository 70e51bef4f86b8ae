import type { Kysely, Migration } from "kysely";

/** By which a charter's entry is found in the public log; null in those that were stored before there was one. */
export const charterTag: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.alterTable("charter").addColumn("tag", "text").execute();
    await schema.createIndex("charter_tag").on("charter").column("tag").execute();
  },
};
