import { readFileSync } from "node:fs";
import { Refused } from "../../../scripts/cli/refused.js";
import type { Rig } from "../rig.js";
import { openBoardRig } from "./board.io.js";
import { readRig } from "./config.js";

/** The rig that the file describes. Throws `Refused` with all that is wrong with it. */
export async function openRigFile(path: string | undefined): Promise<Rig> {
  if (path === undefined)
    throw new Refused(
      "The board rig needs to know what is wired to what: --config rig.yaml. An example: hil-tests/rig/board/rig.example.yaml",
    );
  const read = readRig(textOf(path));
  if (!read.ok) throw new Refused(`${path} is not right:\n${read.error.map((one) => `  ${one}`).join("\n")}`);
  return openBoardRig(read.value);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Refused(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}
