import { Argument, Option } from "commander";
import type { Language } from "../../../shared/release/notice.js";
import type { AuthoriseOptions } from "../consent/authorise.io.js";
import type { RequestsOptions } from "../consent/requests.io.js";
import { type Common, ofMember } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { hoursOf, timeOf, yesOrNo } from "./arguments.js";

// Commands: what agencies ask in public, and what the household signs for. What a command does is loaded when it runs.

const language = () =>
  new Option("--language <language>", "of the notice").choices(["en", "fr"]).default("en");

ofMember(
  "requests",
  "open requests that concern your cameras, found on this computer alone; off opts out for good",
)
  .addArgument(new Argument("[action]", "opt out, or in again").choices(["on", "off"]))
  .option("--all", "also those that concern other places")
  .option(
    "--follow",
    "go on, a round an hour, until Ctrl-C, and keep a sealed copy of every recording, so that looking at one tells nobody",
  )
  .option("--no-copies", "with --follow: keep no copies; the cloud then sees which recordings you look at")
  .addOption(language())
  .action(async (action: RequestsOptions["action"], options: Common & Omit<RequestsOptions, "action">) =>
    (await import("../consent/requests.io.js")).memberRequests(
      options.profile,
      { ...options, action },
      openTerminal(options),
    ),
  );

ofMember("place", "say where a camera stands; it stays among the owners' own computers")
  .argument("<camera>", "its id or name")
  .argument("<place>", 'latitude and longitude in degrees, such as "48.8867, 2.3431", or none')
  .action(async (camera: string, place: string, options: Common) =>
    (await import("../consent/requests.io.js")).memberPlace(
      options.profile,
      { camera, place },
      openTerminal(options),
    ),
  );

ofMember(
  "emergencies",
  "in which your household, or you as its contact, is asked now, once their signatures and proofs have held here",
)
  .addOption(language())
  .action(async (options: Common & { readonly language: Language }) =>
    (await import("../consent/emergencies.io.js")).memberEmergencies(
      options.profile,
      options.language,
      openTerminal(options),
    ),
  );

ofMember(
  "refuse",
  "say no to an emergency: sealed, for your co-owners and contacts; the agency hears only silence",
)
  .argument("<emergency>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../consent/emergencies.io.js")).memberRefuse(options.profile, id, openTerminal(options)),
  );

ofMember(
  "authorise",
  "choose what a request or an emergency gets, see it and what is left out, and sign exactly that",
)
  .argument("<request>", "the request's or the emergency's id")
  .argument("<clips...>", "ids of recordings")
  .option("--from <time>", "nothing before this time", timeOf)
  .option("--to <time>", "nothing after it", timeOf)
  .option("--audio", "with their sound, where they have any")
  .option("--hold <time>", "how long it rests first, 1h at least (default: 24h)", hoursOf)
  .requiredOption("--third-parties <yes|no>", "whether other people are seen in it", yesOrNo)
  .requiredOption("--child <yes|no>", "whether a child is seen in it", yesOrNo)
  .option("--preview <dir>", "where to write what would be released, to be watched")
  .option("--yes", "do not ask: it has been watched")
  .addOption(language())
  .action(
    async (
      request: string,
      clips: readonly string[],
      options: Common & Omit<AuthoriseOptions, "request" | "clips">,
    ) =>
      (await import("../consent/authorise.io.js")).memberAuthorise(
        options.profile,
        { ...options, request, clips },
        openTerminal(options),
      ),
  );

ofMember("sign", "co-sign what another owner, or another contact, chose, after seeing the same")
  .argument("<record>", "the authorisation's record")
  .option("--preview <dir>", "where to write what would be released, to be watched")
  .option("--yes", "do not ask: it has been watched")
  .addOption(language())
  .action(async (record: string, options: Common & Pick<AuthoriseOptions, "language" | "preview">) =>
    (await import("../consent/authorise.io.js")).memberSign(
      options.profile,
      { ...options, record },
      openTerminal(options),
    ),
  );

ofMember("authorisations", "what is under way, and what became of what was handed over").action(
  async (options: Common) =>
    (await import("../consent/release.io.js")).memberAuthorisations(options.profile, openTerminal(options)),
);

ofMember("release", "hand over what all have signed who must, once it has rested")
  .argument("<record>", "the authorisation's record")
  .action(async (record: string, options: Common) =>
    (await import("../consent/release.io.js")).memberRelease(options.profile, record, openTerminal(options)),
  );

ofMember(
  "withdraw",
  "take an authorisation back: without a trace before it is handed over, and as far as it goes after",
)
  .argument("<record>", "the authorisation's record")
  .action(async (record: string, options: Common) =>
    (await import("../consent/withdraw.io.js")).memberWithdraw(
      options.profile,
      record,
      openTerminal(options),
    ),
  );
