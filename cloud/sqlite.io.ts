import { createRequire } from "node:module";
import type Database from "better-sqlite3";

const [nodeMajor = 0] = process.versions.node.split(".").map(Number);

/**
 * better-sqlite3, in the release that this Node carries: 12 must be compiled and aborts on Node 24.19 and later, 13 ships its
 * binary and needs Node 22 (shared/decisions/0004).
 */
export const BetterSqlite3: typeof Database = createRequire(import.meta.url)(
  nodeMajor >= 22 ? "better-sqlite3-napi" : "better-sqlite3",
);
