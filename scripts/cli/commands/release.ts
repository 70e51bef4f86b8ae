import { program } from "../program.js";
import { openTerminal, type TerminalOptions } from "../terminal.io.js";

// Commands: what a household released, in the hands of whoever has it. What a command does is loaded when it runs.

program
  .command("verify <package>")
  .description("check an opened release package offline: needs no keys, no cloud and no network")
  .option(
    "--policy <file>",
    "the public log's key and witnesses (C2SP tlog-policy), from a place that you trust",
  )
  .option("--json", "the result as JSON")
  .addHelpText(
    "after",
    `
It says what it checked and what no package can say. Every byte must be signed, logged, or follow from what is; else it refuses and says why.
Without --policy the log's keys are only what the package itself claims. Exit code: 0 verified, 1 refused, 2 used wrongly.`,
  )
  .action(async (path: string, options: TerminalOptions & { readonly policy?: string }) => {
    const { verifyFile } = await import("../verify/verify.io.js");
    verifyFile(path, options, openTerminal(options));
  });
