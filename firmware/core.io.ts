import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import type * as Core from "./core.js";

/** The camera's machines, out of the very file that other engines run. It lies beside the program. */
export const core = loadCore(fileURLToPath(new URL("core.bundle.js", import.meta.url)));

/** Throws where there is no such file: then the firmware was packaged wrongly. */
export function loadCore(path: string): typeof Core {
  // A function's scope in this realm: its typed arrays are ours, its name stays inside.
  return compileFunction(`${read(path)}\nreturn LintelCore;`, [], { filename: path })();
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = "`npm run build:core` makes it; a package of the firmware holds it beside its program.";
    throw new Error(`The camera's core cannot be read (${reason}). ${advice}`, { cause });
  }
}
