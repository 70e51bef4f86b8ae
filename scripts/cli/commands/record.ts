import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { defaultProfileFolder } from "../member/profile.io.js";
import { publicServer } from "../member/trust.io.js";
import { program } from "../program.js";
import { openTerminal, type TerminalOptions } from "../terminal.io.js";
import { caHashOf } from "./arguments.js";

// Commands: what anybody reads of a cloud's public record, without a login. What a command does is loaded when it runs.

const record = program
  .command("record")
  .description("a cloud's public record: agencies, requests, and what the log says of them");

interface RecordFlags extends TerminalOptions {
  readonly ca?: string;
  readonly caHash?: string;
}

ofRecord("requests", "every request there ever was, with its history").action(
  async (url: string, options: RecordFlags) =>
    (await import("../record/record.io.js")).recordRequests(
      await publicServer(url, options),
      openTerminal(options),
    ),
);
ofRecord("agencies", "every agency that ever applied, with its history").action(
  async (url: string, options: RecordFlags) =>
    (await import("../record/record.io.js")).recordAgencies(
      await publicServer(url, options),
      openTerminal(options),
    ),
);
ofRecord("report", "the transparency report of a year, out of the log")
  .requiredOption("--year <year>", "which", yearOf)
  .action(async (url: string, options: RecordFlags & { readonly year: number }) =>
    (await import("../record/record.io.js")).recordReport(
      await publicServer(url, options),
      options.year,
      openTerminal(options),
    ),
  );
ofRecord("check", "whether each step that the record shows stands in the log")
  .option(
    "--policy <file>",
    "whom to believe (C2SP tlog-policy; default: as remembered, at first as the log says)",
  )
  .option("--state <dir>", "where it is remembered what logs showed", join(defaultProfileFolder(), "logs"))
  .addHelpText("after", "\nExit code: 0 each does, 1 one does not, 3 the cloud did not answer.")
  .action(
    async (url: string, options: RecordFlags & { readonly policy?: string; readonly state: string }) => {
      const { policy, state } = options;
      const wanted = {
        server: await publicServer(url, options),
        state,
        ...(policy !== undefined && { policy }),
      };
      await (await import("../record/record.io.js")).recordCheck(wanted, openTerminal(options));
    },
  );

function ofRecord(name: string, description: string): Command {
  return record
    .command(name)
    .description(description)
    .argument("<url>", "the cloud's address")
    .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator", caHashOf)
    .option("--ca <file>", "or the PEM of it")
    .option("--json", "results as JSON, one document a line");
}

function yearOf(text: string): number {
  if (/^20[2-9]\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError("it must be a year, such as 2026.");
}
