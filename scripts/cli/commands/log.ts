import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { parseVerifier, type Verifier } from "../../../shared/seal/note.js";
import type { LogOptions } from "../log/audit.io.js";
import { defaultProfileFolder } from "../member/profile.io.js";
import { publicServer } from "../member/trust.io.js";
import { program } from "../program.js";
import { openTerminal, type TerminalOptions } from "../terminal.io.js";
import { caHashOf } from "./arguments.js";

// Commands: what anybody runs who watches a public log. What a command does is loaded when it runs.

interface WitnessFlags extends TerminalOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly log: readonly Verifier[];
  readonly state: string;
  readonly name: string;
}

program
  .command("witness")
  .description("cosign the checkpoints of public logs as long as they only grow (C2SP tlog-witness)")
  .requiredOption("--listen <host:port>", "where logs ask it; port 0 takes a free one", endpointOf)
  .requiredOption(
    "--log <vkey>",
    "the key of a log that it knows (its /tlog/policy shows it); again for more",
    logOf,
  )
  .requiredOption("--state <dir>", "where its key is, made at the first start, and what it saw last")
  .requiredOption("--name <name>", "its name in its key, such as witness.example/w1", nameOf)
  .option("--json", "results as JSON, one document a line")
  .addHelpText(
    "after",
    `
It answers 200 and its line where the checkpoint follows the last one that it saw, and remembers it before it answers; 409 and that size where
the question begins elsewhere; 422 where the proof fails; 403, 404, 400 for another key, another log, no question. Put it behind a reverse
proxy with TLS where others than this machine ask. Never start it on an older copy of its state: it would sign two histories.`,
  )
  .action(async ({ log: logs, ...options }: WitnessFlags) => {
    const { runWitness } = await import("../log/witness.io.js");
    await runWitness({ ...options, logs }, openTerminal(options));
  });

const log = program.command("log").description("a cloud's public log: audit it, or have an entry proven");

interface LogFlags extends TerminalOptions {
  readonly policy?: string;
  readonly state: string;
  readonly ca?: string;
  readonly caHash?: string;
}

ofLog("audit", "check a whole log from nothing, and against what it showed before")
  .argument("<url>", "the cloud's address")
  .addHelpText(
    "after",
    `
Computes every tile and the root anew from all entries, checks key and witnesses, that the log has only grown since the last audit, and that the
list which people search shows each entry as it stands. Exit code: 0 nothing contradicts, 1 something does, 3 the log did not answer.`,
  )
  .action(async (url: string, options: LogFlags) => {
    const { audit } = await import("../log/audit.io.js");
    await audit(await logOptions(url, options), openTerminal(options));
  });

ofLog("proof", "fetch an entry with its proof (C2SP tlog-proof), and show them if the proof holds")
  .argument("<url>", "the cloud's address")
  .argument("<index>", "the entry's place in the log", indexOf)
  .action(async (url: string, index: number, options: LogFlags) => {
    const { showProof } = await import("../log/proof.io.js");
    await showProof({ ...(await logOptions(url, options)), index }, openTerminal(options));
  });

function ofLog(name: string, description: string): Command {
  return log
    .command(name)
    .description(description)
    .option(
      "--policy <file>",
      "whom to believe (C2SP tlog-policy; default: as remembered, at first as the log says)",
    )
    .option("--state <dir>", "where it is remembered what logs showed", join(defaultProfileFolder(), "logs"))
    .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator", caHashOf)
    .option("--ca <file>", "or the PEM of it")
    .option("--json", "results as JSON, one document a line");
}

async function logOptions(url: string, { policy, state, ...trust }: LogFlags): Promise<LogOptions> {
  const server = await publicServer(url, trust);
  return { server, state, ...(policy !== undefined && { policy }) };
}

function indexOf(text: string): number {
  const index = Number(text);
  if (/^\d{1,15}$/.test(text)) return index;
  throw new InvalidArgumentError("it must be a number from 0 on.");
}

function endpointOf(text: string): WitnessFlags["listen"] {
  const [, bracketed, plain, port = ""] =
    /^(?:\[([0-9a-f:.]+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new InvalidArgumentError("it must be host:port, such as 127.0.0.1:8090.");
}

function logOf(text: string, before: readonly Verifier[] = []): readonly Verifier[] {
  const key = parseVerifier(text);
  if (key.ok) return [...before, key.value];
  throw new InvalidArgumentError("it must be a log's key, such as door.example/tlog+0123abcd+AQ….");
}

function nameOf(text: string): string {
  if (/^[a-z0-9.:-]{1,80}(\/[a-z0-9._-]{1,40}){0,3}$/.test(text)) return text;
  throw new InvalidArgumentError("it must be a name such as witness.example/w1.");
}
