import type { Kysely, Migration } from "kysely";

/** Households with their charters, members, cameras, key files, claims and login challenges. */
export const household: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable("household")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("registered_at", "bigint", (column) => column.notNull())
      .execute();
    await schema
      .createTable("charter")
      .addColumn("household", "text", (column) => column.notNull().references("household.id"))
      .addColumn("version", "integer", (column) => column.notNull())
      .addColumn("hash", "text", (column) => column.notNull().unique())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("openings", "text", (column) => column.notNull())
      .addColumn("arrived_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("charter_key", ["household", "version"])
      .execute();
    await namedByCharters(db);
    await pairing(db);
  },
};

async function namedByCharters({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("member")
    .addColumn("household", "text", (column) => column.notNull().references("household.id"))
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("login_key", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("member_key", ["household", "id"])
    .execute();
  await schema
    .createTable("camera")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("household", "text", (column) => column.notNull().references("household.id"))
    .addColumn("note_key", "text", (column) => column.notNull())
    .addColumn("tls_key_hash", "text", (column) => column.notNull())
    .addColumn("epoch", "integer", (column) => column.notNull())
    .addColumn("place", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("named", "integer", (column) => column.notNull())
    .execute();
  await schema.createIndex("camera_of_household").on("camera").column("household").execute();
  await schema
    .createTable("key_file")
    .addColumn("household", "text", (column) => column.notNull().references("household.id"))
    .addColumn("camera", "text", (column) => column.notNull().references("camera.id"))
    .addColumn("epoch", "integer", (column) => column.notNull())
    .addColumn("file", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("key_file_key", ["camera", "epoch"])
    .execute();
}

async function pairing({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("claim")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("household", "text", (column) => column.notNull().references("household.id"))
    .addColumn("charter", "text", (column) => column.notNull().references("charter.hash"))
    .addColumn("made_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("answered_at", "bigint")
    .addColumn("note_key", "text")
    .addColumn("tls_key", "text")
    .addColumn("mac", "text")
    .execute();
  await schema
    .createTable("login_challenge")
    .addColumn("nonce", "text", (column) => column.primaryKey())
    .addColumn("household", "text", (column) => column.notNull())
    .addColumn("member", "text", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("login_challenge_expiry").on("login_challenge").column("expires_at").execute();
}
