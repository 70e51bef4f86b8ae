import { confirm, isCancel, text } from "@clack/prompts";
import { printable, printableJson } from "./printable.js";
import { Refused } from "./refused.js";

/** How commands speak: results on stdout, everything on the way on stderr. */
export interface Terminal {
  /** A line of the result, for people. Not shown with `--json`. Only what we drew ourselves may hold escapes. */
  say(line: string, as?: "drawing"): void;
  /** The result, for programs. Shown with `--json` only, one document a line. */
  json(value: object): void;
  /** What is going on: replaced in place on a terminal, left out elsewhere. */
  progress(line: string): void;
  /** Something that people must see whatever the output is for. */
  warn(line: string): void;
  /** Asks a person; `--yes` answers for scripts, and where nobody can be asked it refuses. */
  agreed(question: string): Promise<boolean>;
  /** What a person types; `undefined` where nobody can be asked, or who is asked wants no more. */
  typed(question: string): Promise<string | undefined>;
}

export interface TerminalOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
}

export function openTerminal({ json = false, yes = false }: TerminalOptions): Terminal {
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write("\r\u001b[2K");
    shown = false;
  };
  return {
    say(line, as) {
      clear();
      if (!json) process.stdout.write(`${as === "drawing" ? line : printable(line)}\n`);
    },
    json(value) {
      clear();
      if (json) process.stdout.write(`${printableJson(value)}\n`);
    },
    progress(line) {
      if (process.stderr.isTTY !== true) return;
      process.stderr.write(`\r\u001b[2K${printable(line).slice(0, (process.stderr.columns ?? 80) - 1)}`);
      shown = true;
    },
    warn(line) {
      clear();
      process.stderr.write(`${printable(line)}\n`);
    },
    async agreed(asked) {
      const question = printable(asked);
      clear();
      if (yes) return true;
      if (!isAnybodyThere())
        throw new Refused(
          `${question} Nobody can be asked here: look yourself, then run it again with --yes.`,
        );
      const answer = await confirm({ message: question, output: process.stderr, initialValue: false });
      return !isCancel(answer) && answer;
    },
    async typed(question) {
      clear();
      if (!isAnybodyThere()) return undefined;
      const answer = await text({ message: printable(question), output: process.stderr });
      return isCancel(answer) ? undefined : answer.trim();
    },
  };
}

function isAnybodyThere(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}
