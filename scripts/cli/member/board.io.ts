import { join } from "node:path";
import { newcomerFingerprint } from "../../../shared/charter/joining.js";
import { formatOperator, type Operator, parseOperators } from "../../../shared/release/operators.js";
import { readIfThere, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import type { Cloud } from "./cloud.io.js";

/** An operator to whom a report can be sealed. */
export type Reader = Required<Operator>;

/** Fewer cannot decide. */
const readersMin = 2;
const fileName = "board.txt";
const compare = "Compare with the operators, by another way than this cloud";

/** Who reads what is told to the review board, as the cloud says. */
export async function boardOf(cloud: Cloud): Promise<readonly Reader[]> {
  const readers = readersIn((await cloud.get("/v1/board")).texts("operators").join("\n"));
  if (readers.length >= readersMin) return readers;
  throw new Refused(
    "This cloud has no two operators who could read a report. Ask its operator: each gives the line anew that lintel operator init shows.",
  );
}

/**
 * The cloud could name keys of its own, and read everything. The first keys are shown and believed; others than those remembered
 * only once a person says so: `--yes` does not.
 */
export async function checkBoard(
  folder: string,
  readers: readonly Reader[],
  { yes = false }: { readonly yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const before = readIfThere(join(folder, fileName));
  if (before === textOf(readers)) return;
  if (before === undefined) {
    terminal.warn(`The review board, seen here for the first time. ${compare}:`);
    for (const reader of readers) terminal.warn(`  ${shown(reader)}`);
  } else {
    const said = changeOf(readersIn(before), readers);
    if (yes) throw new Refused(`${said} --yes does not answer this: ${compare}, then give it without --yes.`);
    if (!(await terminal.agreed(`${said} ${compare}. Is it right?`)))
      throw new Refused("Nothing was sent. The keys seen before stay the ones that count.");
  }
}

/** For the next time: once what they are shown is agreed to. */
export function rememberBoard(folder: string, readers: readonly Reader[]): void {
  // Power lost before this: the same is shown, or asked, again.
  writeDurably(join(folder, fileName), textOf(readers));
}

const textOf = (readers: readonly Reader[]): string => `${readers.map(formatOperator).sort().join("\n")}\n`;

/** What is no list of operators names nobody. */
function readersIn(text: string): readonly Reader[] {
  const board = parseOperators(text);
  return (board.ok ? board.value : []).flatMap(({ recipient, ...operator }) =>
    recipient === undefined ? [] : [{ ...operator, recipient }],
  );
}

const shown = (reader: Reader): string => `${reader.name}, fingerprint ${newcomerFingerprint(reader)}`;

function changeOf(before: readonly Reader[], now: readonly Reader[]): string {
  const [old, fresh] = [before.map(shown), now.map(shown)];
  const said = (what: string, all: readonly string[], known: readonly string[]) => {
    const some = all.filter((one) => !known.includes(one));
    return some.length === 0 ? [] : [`${what}: ${some.join("; ")}.`];
  };
  const words = [...said("New", fresh, old), ...said("No more there", old, fresh)];
  return ["The review board's keys are not those that this computer saw before.", ...words].join(" ");
}
