import { Argument, InvalidArgumentError, Option } from "commander";
import { accessMinutesMax, metadataKinds } from "../../../cloud/operator/access.js";
import type { Officer } from "../../../shared/release/agreement.js";
import type { AccessWish } from "../office/access.io.js";
import type { OfficeLoginOptions } from "../office/login.io.js";
import { agency, type Common, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { caHashOf, countUpTo } from "./arguments.js";

// Commands: who works for an agency or hosts the cloud. What a command does is loaded when it runs.

ofOffice("init", "make your keys, and show the line for the operators' file", operator)
  .requiredOption("--name <name>", "your name, as the other operators and the households see it")
  .action(async (options: Common & { readonly name: string }) =>
    (await import("../office/init.io.js")).operatorInit(options.profile, options, openTerminal(options)),
  );

ofOffice("login", "sign in to a cloud of which you are an operator", operator)
  .requiredOption("--cloud <url>", "the cloud's address")
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from whoever started it", caHashOf)
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
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator", caHashOf)
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
  ofOffice("logout", "end this computer's session; the keys stay", side)
    .option("--everywhere", "end every session of yours, those of browsers too")
    .action(async (options: Common & { readonly everywhere?: boolean }) =>
      (await import("../office/login.io.js")).officeLogout(
        options.profile,
        name,
        options,
        openTerminal(options),
      ),
    );
}

const access = operator
  .command("access")
  .description("a look at one household's metadata, agreed by two, shown to it");
ofOffice("request", "ask for one", access, operator)
  .requiredOption("--household <id>", "whose")
  .requiredOption("--ticket <number>", "why: the household and the review see it")
  .requiredOption("--scope <kinds>", `some of ${metadataKinds.join(",")}`, scopeOf)
  .option(
    "--minutes <count>",
    "for how long once it is approved",
    countUpTo(accessMinutesMax),
    accessMinutesMax,
  )
  .action(async (options: Common & AccessWish) =>
    (await import("../office/access.io.js")).accessRequest(options.profile, options, openTerminal(options)),
  );
ofOffice("list", "all that were asked for, newest first", access, operator).action(async (options: Common) =>
  (await import("../office/access.io.js")).accessList(options.profile, openTerminal(options)),
);
for (const [act, what] of [
  ["approve", "agree to another operator's"],
  ["refuse", "say no to another operator's"],
  ["end", "end an active one before its time"],
] as const)
  ofOffice(act, what, access, operator)
    .argument("<access>", "its id")
    .action(async (id: string, options: Common) =>
      (await import("../office/access.io.js")).accessStep(
        options.profile,
        id,
        { act },
        openTerminal(options),
      ),
    );
ofOffice("read", "what an active one of yours covers", access, operator)
  .argument("<access>", "its id")
  .addArgument(new Argument("<kind>", "one of its scope").choices(metadataKinds))
  .action(async (id: string, kind: string, options: Common) =>
    (await import("../office/access.io.js")).accessRead(options.profile, id, kind, openTerminal(options)),
  );
ofOffice("review", "say what you think of another operator's that is over", access, operator)
  .argument("<access>", "its id")
  .addArgument(new Argument("<finding>", "your word").choices(["in-order", "not-in-order"]))
  .action(async (id: string, finding: string, options: Common) =>
    (await import("../office/access.io.js")).accessStep(
      options.profile,
      id,
      { act: "review", finding },
      openTerminal(options),
    ),
  );

function scopeOf(text: string): readonly string[] {
  const kinds = text.split(",");
  if (kinds.every((kind) => (metadataKinds as readonly string[]).includes(kind))) return kinds;
  throw new InvalidArgumentError(`it must be some of ${metadataKinds.join(",")}`);
}
