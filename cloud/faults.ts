/** How the disk or the database failed: `full` goes away with room, `failed` with whatever the operator mends. */
export type StorageFault = "full" | "failed";

/**
 * What an error says of the storage below, by its code alone: errno names of file systems and SQLite's result codes
 * (sqlite.org/rescode.html). `undefined` for every other error, which is a fault of ours.
 */
export function storageFaultOf(error: unknown): StorageFault | undefined {
  const code = codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : undefined) ?? "";
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL)$/.test(code)) return "full";
  return /^(EIO|EROFS|SQLITE_(IOERR|READONLY|CANTOPEN|BUSY|LOCKED)(_|$))/.test(code) ? "failed" : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
