import { parseArgs } from "node:util";
import { type BackupOrder, parseOrder } from "./backup/commands.io.js";

/** What the words after the program's name ask for; `undefined` after saying what is wrong with them. */
export function readFlags(): Flags | undefined {
  try {
    const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
    const { "without-clips": withoutClips = false, ...rest } = values;
    if (positionals.length === 0 && !withoutClips) return rest;
    const order = parseOrder(positionals, withoutClips);
    if (order === undefined) throw new Error(`There is no command "${positionals.join(" ")}"`);
    return { ...rest, order };
  } catch (error) {
    const [what] = error instanceof Error ? error.message.split(". ") : [];
    process.stderr.write(`${what}. ${seeHelp}`);
    return undefined;
  }
}

const flags = {
  help: { type: "boolean" },
  mosquitto: { type: "string" },
  "without-clips": { type: "boolean" },
} as const;

interface Flags {
  readonly help?: boolean;
  readonly mosquitto?: string;
  readonly order?: BackupOrder;
}

export const seeHelp = "lintel-cloud --help lists every setting.\n";
