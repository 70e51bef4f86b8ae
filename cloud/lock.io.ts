import { join } from "node:path";
import { BetterSqlite3 } from "./sqlite.io.js";

/**
 * Makes this process the only cloud on a data directory: two would sweep each other's bodies away. SQLite's lock on a file of
 * its own dies with the process, however that ends, and holds across containers that share the directory.
 */
export function lockDirectory(directory: string): { release(): Promise<void> } {
  const lock = new BetterSqlite3(join(directory, "lock"), { timeout: 0 });
  try {
    lock.exec("begin exclusive");
  } catch (error) {
    lock.close();
    if (!(error instanceof BetterSqlite3.SqliteError && error.code.startsWith("SQLITE_BUSY"))) throw error;
    throw new Error(`another cloud is running on ${directory}; stop it first`);
  }
  return {
    async release() {
      lock.close();
    },
  };
}
