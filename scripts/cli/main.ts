import { CommanderError } from "commander";
import "./commands/people.js";
import "./commands/cameras.js";
import "./commands/clips.js";
import "./commands/access.js";
import "./commands/ways.js";
import "./commands/board.js";
import "./commands/emergencies.js";
import "./commands/log.js";
import "./commands/offices.js";
import "./commands/requests.js";
import "./commands/release.js";
import "./commands/orders.js";
import "./commands/agency.js";
import "./commands/desk.js";
import "./commands/pressure.js";
import "./commands/record.js";
import { UnexpectedAnswer } from "./fields.js";
import { Problem, Unreachable } from "./http.io.js";
import { printable } from "./printable.js";
import { exit, program } from "./program.js";
import { Refused } from "./refused.js";

const exitCodes = { refused: 1, usage: 2 };

for (const stream of [process.stdout, process.stderr]) stream.on("error", leave);
process.exitCode = await run();

async function run(): Promise<number> {
  try {
    await program.parseAsync();
    return exit.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    process.stderr.write(`lintel: ${explain(error)}\n`);
    return exitCodes.refused;
  }
}

/** Who reads no further (`| head`) wants no more, and no complaint; a full disk is worth one. */
function leave(error: NodeJS.ErrnoException): never {
  if (error.code !== "EPIPE")
    process.stderr.write(`lintel: the output cannot be written: ${error.message}\n`);
  process.exit(error.code === "EPIPE" ? 0 : exitCodes.refused);
}

/** One sentence for what a person can do something about; a bug of ours shows its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UnexpectedAnswer)
    return `The cloud's answer cannot be understood. Is a Lintel cloud of this version there? (${printable(error.message)})`;
  const expected = [Refused, Problem, Unreachable].some((kind) => error instanceof kind);
  return expected || isOfTheSystem(error) ? printable(error.message) : (error.stack ?? error.message);
}

/** Disk full, no permission: the system's own sentence names the file. */
function isOfTheSystem(error: Error): boolean {
  return "syscall" in error;
}
