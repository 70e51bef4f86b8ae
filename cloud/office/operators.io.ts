import { readFile, stat } from "node:fs/promises";
import { type Operator, parseOperators } from "../../shared/release/operators.js";
import { SettingFault } from "../startup.js";

/** The people in the file that `LINTEL_OPERATORS` names; nobody where it names none. Throws a `SettingFault` with every fault of it. */
export async function readOperators(path: string | undefined): Promise<readonly Operator[]> {
  if (path === undefined) return [];
  const refuse = (why: string): never => {
    throw new SettingFault(`LINTEL_OPERATORS is ${path}, but ${why}`);
  };
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) =>
    refuse(`it cannot be read (${error.code}). Name a file with a line for each operator.`),
  );
  // Whoever writes it is an operator.
  if (((await stat(path)).mode & 0o022) !== 0)
    refuse(`others may write it. See what stands in it, then run: chmod go-w ${path}`);
  const operators = parseOperators(text);
  return operators.ok ? operators.value : refuse(operators.error.join(" "));
}
