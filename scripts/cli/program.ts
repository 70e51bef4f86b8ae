import { resolve } from "node:path";
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

export function ofMember(name: string, description: string, under = member): Command {
  return under
    .command(name)
    .description(description)
    .option("--profile <dir>", "where this person's keys are", resolvedPath, defaultProfileFolder())
    .option("--json", "results as JSON, one document a line");
}

function resolvedPath(path: string): string {
  return resolve(path);
}
