import { Option } from "commander";
import { type Common, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";

// Commands: what operators decide about agencies, requests and releases. What a command does is loaded when it runs.

const yes = "do not ask (for scripts that have looked themselves)";

ofOffice("agencies", "agencies, those that wait for vetting among them", operator)
  .option("--state <state>", "only those that are applied, public, active, probation, suspended …")
  .action(async (options: Common & { readonly state?: string }) =>
    (await import("../desk/agencies.io.js")).agencyList(options.profile, options, openTerminal(options)),
  );
for (const [decision, what] of [
  ["vet", "the body is what its agreement says: takes two operators"],
  ["reject", "the body does not become an agency"],
] as const)
  ofOffice(decision, what, operator)
    .argument("<agency>", "its id")
    .option("--yes", yes)
    .action(async (id: string, options: Common) =>
      (await import("../desk/agencies.io.js")).agencyDecide(
        options.profile,
        id,
        decision,
        openTerminal(options),
      ),
    );
ofOffice(
  "sentence",
  "put an agency on probation, suspend, revoke or reinstate it: takes two operators",
  operator,
)
  .argument("<agency>", "its id")
  .addOption(
    new Option("--to <state>", "what it shall be")
      .choices(["active", "probation", "suspended", "revoked", "compromised"])
      .makeOptionMandatory(),
  )
  .option("--yes", yes)
  .action(async (id: string, options: Common & { readonly to: string }) =>
    (await import("../desk/agencies.io.js")).agencySentence(
      options.profile,
      id,
      options.to,
      openTerminal(options),
    ),
  );

ofOffice("requests", "requests that wait for a moderator", operator)
  .option("--state <state>", "others: published, rejected, resolved, withdrawn, closed, frozen")
  .action(async (options: Common & { readonly state?: string }) =>
    (await import("../desk/requests.io.js")).requestQueue(options.profile, options, openTerminal(options)),
  );
const request = operator.command("request").description("publish a request, or turn it down");
ofOffice("approve", "publish it in the one feed, for 7 days at most", request, operator)
  .argument("<request>", "its id")
  .option("--yes", yes)
  .action(async (id: string, options: Common) =>
    (await import("../desk/requests.io.js")).requestModerate(
      options.profile,
      id,
      { act: "approve" },
      openTerminal(options),
    ),
  );
ofOffice("reject", "turn it down; it stays in the public record", request, operator)
  .argument("<request>", "its id")
  .addOption(
    new Option("--why <reason>", "why")
      .choices(["not-of-this-category", "not-of-this-agency", "repeats-another", "not-plausible"])
      .makeOptionMandatory(),
  )
  .option("--yes", yes)
  .action(async (id: string, options: Common & { readonly why: string }) =>
    (await import("../desk/requests.io.js")).requestModerate(
      options.profile,
      id,
      { act: "reject", why: options.why },
      openTerminal(options),
    ),
  );

ofOffice(
  "releases",
  "releases that wait for two operators: nothing of the household is in them",
  operator,
).action(async (options: Common) =>
  (await import("../desk/reviews.io.js")).reviewList(options.profile, openTerminal(options)),
);
ofOffice("review", "say that nothing speaks against one", operator)
  .argument("<release>", "its id")
  .option("--yes", yes)
  .action(async (id: string, options: Common) =>
    (await import("../desk/reviews.io.js")).reviewGive(options.profile, id, openTerminal(options)),
  );
