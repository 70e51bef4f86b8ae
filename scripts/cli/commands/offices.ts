import { Option } from "commander";
import type { Officer } from "../../../shared/release/agreement.js";
import type { OfficeLoginOptions } from "../office/login.io.js";
import { agency, type Common, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";

// Commands: who works for an agency or hosts the cloud. What a command does is loaded when it runs.

ofOffice("init", "make your keys, and show the line for the operators' file", operator)
  .requiredOption("--name <name>", "your name, as the other operators and the households see it")
  .action(async (options: Common & { readonly name: string }) =>
    (await import("../office/init.io.js")).operatorInit(options.profile, options, openTerminal(options)),
  );

ofOffice("login", "sign in to a cloud of which you are an operator", operator)
  .requiredOption("--cloud <url>", "the cloud's address")
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from whoever started it")
  .action(async (options: Common & OfficeLoginOptions) =>
    (await import("../office/login.io.js")).officeLogin(
      options.profile,
      "operator",
      options,
      openTerminal(options),
    ),
  );

ofOffice("init", "make your keys, and show the line for your agency's agreement", agency)
  .requiredOption("--name <name>", "your name, as the public agreement has it")
  .addOption(
    new Option("--role <role>", "a supervisor signs beside an officer")
      .choices(["officer", "supervisor"])
      .makeOptionMandatory(),
  )
  .action(async (options: Common & Pick<Officer, "name" | "role">) =>
    (await import("../office/init.io.js")).agencyInit(options.profile, options, openTerminal(options)),
  );

ofOffice("login", "sign in to a cloud at which your agency has an agreement", agency)
  .requiredOption("--cloud <url>", "the cloud's address")
  .requiredOption("--agency <id>", "your agency's id")
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator")
  .action(async (options: Common & OfficeLoginOptions) =>
    (await import("../office/login.io.js")).officeLogin(
      options.profile,
      "agency",
      options,
      openTerminal(options),
    ),
  );

for (const [name, side] of [
  ["agency", agency],
  ["operator", operator],
] as const) {
  ofOffice("me", "who you are to the cloud, now", side).action(async (options: Common) =>
    (await import("../office/login.io.js")).officeMe(options.profile, name, openTerminal(options)),
  );
  ofOffice("logout", "end this computer's session; the keys stay", side).action(async (options: Common) =>
    (await import("../office/login.io.js")).officeLogout(options.profile, name, openTerminal(options)),
  );
}
