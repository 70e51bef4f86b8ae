import { Argument, Option } from "commander";
import { allRoles } from "../../../shared/charter/lines.js";
import { allSignatures } from "../../../shared/charter/succession.js";
import { readNamed } from "../disk.io.js";
import type { InitOptions } from "../member/init.io.js";
import type { InviteOptions } from "../member/invitations.io.js";
import type { AddOptions } from "../member/join.io.js";
import type { ChangeOptions } from "../member/members.io.js";
import type { RuleOptions } from "../member/proposal.io.js";
import type { RestoreOptions } from "../member/restore.io.js";
import { type Common, ofMember } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { caHashOf, given, hoursOf, listed } from "./arguments.js";

// Commands: who belongs to the household, and how they come back. What a command does is loaded when it runs.

ofMember("init", "make your keys, and a household on a cloud")
  .requiredOption("--cloud <url>", "the cloud's address")
  .requiredOption("--name <name>", "your name, as the household sees it")
  .option("--household-name <name>", "stands on the recovery sheet, nowhere else")
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator", caHashOf)
  .action(async (options: Common & InitOptions) =>
    (await import("../member/init.io.js")).memberInit(options.profile, options, openTerminal(options)),
  );

ofMember("restore", "make this computer yours again from the recovery sheet, or the recovery passphrase")
  .option("--cloud <url>", "the cloud's address, where the sheet does not say it")
  .option("--household <id>", "the household, where the sheet does not say it")
  .option("--sheet <file>", "the sheet, or its words alone; - reads standard input", "-")
  .addOption(
    new Option("--passphrase <file>", "the recovery passphrase; - reads standard input").conflicts("sheet"),
  )
  .option("--ca-hash <hash>", "hash of the cloud's own CA, where the sheet does not say it", caHashOf)
  .action(async ({ passphrase, sheet, ...options }: Common & RestoreOptions) => {
    const [wanted, name] = [passphrase ?? sheet ?? "-", passphrase === undefined ? "sheet" : "passphrase"];
    if (wanted === "-" && process.stdin.isTTY)
      process.stderr.write(`Type the ${name}'s words, then Enter and Ctrl-D:\n`);
    const secret = { [name]: readNamed(wanted, `--${name}`) };
    return (await import("../member/restore.io.js")).memberRestore(
      options.profile,
      { ...options, ...secret },
      openTerminal(options),
    );
  });

ofMember("recovery", "a passphrase that brings you back to another computer: draw a new one, or remove it")
  .addArgument(new Argument("[act]", "what to do").choices(["show", "new", "remove"]).default("show"))
  .action(async (act: "show" | "new" | "remove", options: Common) =>
    (await import("../member/recovery.io.js")).memberRecovery(options.profile, act, openTerminal(options)),
  );

ofMember("members", "who belongs to the household").action(async (options: Common) =>
  (await import("../member/members.io.js")).memberList(options.profile, openTerminal(options)),
);

ofMember("invite", "show the line with which somebody joins the household, once")
  .option("--for <time>", "how long it waits for them, in hours or days, 7d at most", hoursOf, 24)
  .addOption(new Option("--role <role>", "what they are meant to become, as a reminder").choices(allRoles))
  .option("--by-hand", "their answer comes back by your own ways, not through the cloud")
  .action(
    async ({
      for: hours,
      ...options
    }: Common & Omit<InviteOptions, "hours"> & { readonly for: number; readonly byHand?: boolean }) =>
      (await import("../member/join.io.js")).memberInvite(
        options.profile,
        { ...options, hours },
        openTerminal(options),
      ),
  );

ofMember("invitations", "who is invited, and who has answered; revoke takes an invitation back")
  .addArgument(new Argument("[action]", "take one back").choices(["revoke"]))
  .argument("[invitation]", "its id")
  .action(async (action: string | undefined, invitation: string | undefined, options: Common) =>
    (await import("../member/invitations.io.js")).memberInvitations(
      options.profile,
      given({ action, invitation }),
      openTerminal(options),
    ),
  );

ofMember("join", "make your keys for the household that invites you")
  .argument("<invitation>", "the line that an owner gave you")
  .requiredOption("--name <name>", "your name, as the household sees it")
  .action(async (invitation: string, options: Common & { readonly name: string }) =>
    (await import("../member/join.io.js")).memberJoin(
      options.profile,
      { ...options, invitation },
      openTerminal(options),
    ),
  );

ofMember("add", "sign somebody in who joins")
  .argument(
    "<newcomer>",
    'the name of who answered an invitation, or the line that "lintel member join" showed',
  )
  .addOption(
    new Option(
      "--role <role>",
      "contacts answer emergencies where owners do not, and see nothing else; owners sign charters",
    )
      .choices(allRoles)
      .makeOptionMandatory(),
  )
  .option("--camera <camera>", "the only camera that they see; for several give it again", listed)
  .option("--fingerprint <fingerprint>", "as they read it out; then nothing is asked")
  .option("--yes", "the fingerprints were compared (for scripts, with a line)")
  .action(async (newcomer: string, options: Common & Omit<AddOptions, "newcomer">) =>
    (await import("../member/join.io.js")).memberAdd(
      options.profile,
      { ...options, newcomer },
      openTerminal(options),
    ),
  );

ofMember(
  "change",
  "give a member another role, or other cameras to see; a camera that they lose gets a new key",
)
  .argument("<member>", "their id, or their name")
  .addOption(
    new Option(
      "--role <role>",
      "contacts answer emergencies where owners do not, and see nothing else; owners sign charters",
    ).choices(allRoles),
  )
  .option("--camera <camera>", "the only camera that they see; for several give it again", listed)
  .addOption(new Option("--all-cameras", "they see all that their role may see").conflicts("camera"))
  .action(async (wanted: string, options: Common & ChangeOptions) =>
    (await import("../member/members.io.js")).memberChange(
      options.profile,
      { ...options, member: wanted },
      openTerminal(options),
    ),
  );

ofMember("remove", "take a member out; cameras that they saw get new keys")
  .argument("<member>", "their id, or their name")
  .option("--yes", "do not ask")
  .action(async (wanted: string, options: Common) =>
    (await import("../member/members.io.js")).memberRemove(options.profile, wanted, openTerminal(options)),
  );

ofMember("rules", "whose signatures the household asks for, or other ones")
  .addOption(new Option("--change <whose>", "for the next charter").choices(allSignatures))
  .addOption(new Option("--release <whose>", "for a release to an agency").choices(allSignatures))
  .action(async (options: Common & RuleOptions) =>
    (await import("../member/proposal.io.js")).memberRules(options.profile, options, openTerminal(options)),
  );

ofMember("proposal", "the change that waits for owners' signatures: show, sign or withdraw it")
  .addArgument(new Argument("[act]", "what to do").choices(["show", "sign", "withdraw"]).default("show"))
  .option("--yes", "do not ask")
  .action(async (act: "show" | "sign" | "withdraw", options: Common) =>
    (await import("../member/proposal.io.js")).memberProposal(options.profile, act, openTerminal(options)),
  );

ofMember("delete-household", "delete the household in the cloud with every recording there, for ever")
  .option("--yes", "do not ask")
  .action(async (options: Common) =>
    (await import("../member/farewell.io.js")).memberDeleteHousehold(options.profile, openTerminal(options)),
  );
