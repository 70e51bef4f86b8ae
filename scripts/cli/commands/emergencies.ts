import { readFileSync } from "node:fs";
import { Argument, Option } from "commander";
import { dangers } from "../../../shared/release/emergency.js";
import type { ClaimWish } from "../office/emergency.io.js";
import { agency, type Common, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { timeOf } from "./arguments.js";

// Commands: emergencies, as agencies and the operators on call see them. What a command does is loaded when it runs.

const yes = "do not ask (for scripts that have looked themselves)";

const claims = agency
  .command("emergency")
  .description("say that a life is in danger; silence of the household is no");
ofOffice("claim", "about one outdoor camera and a window of the last 72 hours", claims, agency)
  .requiredOption("--file <number>", "your own file number")
  .addOption(new Option("--danger <danger>", "what is claimed").choices([...dangers]).makeOptionMandatory())
  .requiredOption("--household <id>", "whose camera it is: a release or a court's paper names it")
  .requiredOption("--camera <id>", "the camera")
  .requiredOption("--from <time>", "the window's beginning", timeOf)
  .requiredOption("--to <time>", "its end", timeOf)
  .option("--yes", yes)
  .action(async (options: Common & ClaimWish) =>
    (await import("../office/emergency.io.js")).emergencyClaim(
      options.profile,
      options,
      openTerminal(options),
    ),
  );
ofOffice("cosign", "a supervisor's signature beside the officer's", claims, agency)
  .argument("<emergency>", "its id")
  .option("--yes", yes)
  .action(async (id: string, options: Common) =>
    (await import("../office/emergency.io.js")).emergencyCosign(options.profile, id, openTerminal(options)),
  );
ofOffice("paper", "file what a court says of it, within three court days", claims, agency)
  .argument("<emergency>", "its id")
  .argument("<file>", "the paper; its hash is filed, and operators are shown it")
  .action(async (id: string, file: string, options: Common) =>
    (await import("../office/emergency.io.js")).emergencyPaper(
      options.profile,
      id,
      readFileSync(file),
      openTerminal(options),
    ),
  );

const calls = operator
  .command("emergency")
  .description("the pair on call: it authenticates a claim, and releases nothing");
for (const [name, side, under] of [
  ["agency", agency, claims],
  ["operator", operator, calls],
] as const)
  ofOffice("list", "newest first", under, side).action(async (options: Common) =>
    (await import("../office/emergency.io.js")).emergencyList(options.profile, name, openTerminal(options)),
  );
for (const [answer, what] of [
  ["agree", "after another one's call-back: the claim is the agency's"],
  ["deny", "it is not, or says nothing that it would have to"],
] as const)
  ofOffice(answer, what, calls, operator)
    .argument("<emergency>", "its id")
    .action(async (id: string, options: Common) =>
      (await import("../office/emergency.io.js")).emergencyAnswer(
        options.profile,
        id,
        answer,
        openTerminal(options),
      ),
    );
ofOffice("find", "what you found of the court's paper; another operator must find the same", calls, operator)
  .argument("<emergency>", "its id")
  .addArgument(new Argument("<finding>", "your word").choices(["genuine", "not-genuine"]))
  .action(async (id: string, finding: string, options: Common) =>
    (await import("../office/emergency.io.js")).emergencyFinding(
      options.profile,
      id,
      finding === "genuine",
      openTerminal(options),
    ),
  );
