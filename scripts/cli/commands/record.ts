import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { readNamed } from "../disk.io.js";
import { defaultProfileFolder } from "../member/profile.io.js";
import { program } from "../program.js";
import { openTerminal, type TerminalOptions } from "../terminal.io.js";

// Commands: what anybody reads of a cloud's public record, without a login. What a command does is loaded when it runs.

const record = program
  .command("record")
  .description("a cloud's public record: agencies, requests, and what the log says of them");

interface RecordFlags extends TerminalOptions {
  readonly ca?: string;
}

ofRecord("requests", "every request there ever was, with its history").action(
  async (url: string, options: RecordFlags) =>
    (await import("../record/record.io.js")).recordRequests(serverOf(url, options), openTerminal(options)),
);
ofRecord("agencies", "every agency that ever applied, with its history").action(
  async (url: string, options: RecordFlags) =>
    (await import("../record/record.io.js")).recordAgencies(serverOf(url, options), openTerminal(options)),
);
ofRecord("report", "the transparency report of a year, out of the log")
  .requiredOption("--year <year>", "which", yearOf)
  .action(async (url: string, options: RecordFlags & { readonly year: number }) =>
    (await import("../record/record.io.js")).recordReport(
      serverOf(url, options),
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
      const wanted = { server: serverOf(url, options), state, ...(policy !== undefined && { policy }) };
      await (await import("../record/record.io.js")).recordCheck(wanted, openTerminal(options));
    },
  );

function ofRecord(name: string, description: string): Command {
  return record
    .command(name)
    .description(description)
    .argument("<url>", "the cloud's address")
    .option("--ca <file>", "PEM of the cloud's own authority, where no public one vouches for it")
    .option("--json", "results as JSON, one document a line");
}

function serverOf(url: string, { ca }: RecordFlags) {
  return { url, ...(ca !== undefined && { ca: readNamed(ca, "--ca") }) };
}

function yearOf(text: string): number {
  if (/^20[2-9]\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError("it must be a year, such as 2026.");
}
