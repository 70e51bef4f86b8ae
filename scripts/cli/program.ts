import { join, resolve } from "node:path";
import { Command } from "commander";
import { firmwareVersion } from "../../firmware/config.js";
import { defaultProfileFolder } from "./member/profile.io.js";

/** What every command of a member takes. */
export interface Common {
  readonly profile: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** What a command's exit code says beyond done or refused. */
export const exit = { code: 0 };

export const program = new Command("lintel")
  .description("Lintel, the video doorbell whose cloud cannot open the recordings it stores.")
  .addHelpText("after", "\nExit code: 0 done, 1 refused or failed, 2 used wrongly (doctor says its own).")
  .version(firmwareVersion)
  .exitOverride()
  .enablePositionalOptions()
  .showHelpAfterError("(--help shows how)");
export const member = program.command("member").description("the household's side: claim, watch and open");

export const agency = program.command("agency").description("an agency's side: its officers and supervisors");
export const operator = program.command("operator").description("the side of those who host the cloud");

export function ofMember(name: string, description: string, under = member): Command {
  return withProfile(under.command(name).description(description), defaultProfileFolder());
}

/** A command of an officer, `under` agency, or of an operator; each has their keys in a folder of its own. */
export function ofOffice(name: string, description: string, under: Command, side = under): Command {
  return withProfile(under.command(name).description(description), join(defaultProfileFolder(), side.name()));
}

function withProfile(command: Command, folder: string): Command {
  return command
    .option("--profile <dir>", "where this person's keys are", resolvedPath, folder)
    .option("--json", "results as JSON, one document a line");
}

function resolvedPath(path: string): string {
  return resolve(path);
}
