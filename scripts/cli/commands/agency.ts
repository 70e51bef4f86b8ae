import { Argument, InvalidArgumentError, Option } from "commander";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { type Officer, parseOfficer } from "../../../shared/release/agreement.js";
import { type Area, formatArea, parseArea, parseDegrees } from "../../../shared/release/area.js";
import { allJurisdictions } from "../../../shared/release/floor.js";
import { allCategories } from "../../../shared/release/request.js";
import type { AgreementWish, AmendWish, ApplyOptions } from "../agency/agreement.io.js";
import type { FetchOptions } from "../agency/releases.io.js";
import type { RequestWish } from "../agency/requests.io.js";
import { agency, type Common, ofOffice } from "../program.js";
import { openTerminal, type TerminalOptions } from "../terminal.io.js";
import { caHashOf, listed, timeOf } from "./arguments.js";

// Commands: what an agency's officers do. What a command does is loaded when it runs.

const yes = "do not ask (for scripts that have looked themselves)";
const corners = 'corners in degrees, such as "48.88,2.34 48.89,2.34 48.89,2.36"';

const agreement = agency.command("agreement").description("what the agency binds itself to, in public");
ofOffice("new", "write and sign a body's first agreement", agreement, agency)
  .requiredOption("--name <name>", "the body's name")
  .addOption(
    new Option("--kind <kind>", "what it is")
      .choices(["municipal-police", "county-police", "regional-police", "fire-and-rescue"])
      .makeOptionMandatory(),
  )
  .addOption(new Option("--jurisdiction <law>", "whose law").choices(allJurisdictions).makeOptionMandatory())
  .requiredOption("--territory <corners>", `where it may ask: ${corners}`, areaOf)
  .requiredOption("--phone <number>", "its number in the public registry, such as +33123456789")
  .requiredOption("--terms <file>", "the terms that it agrees to")
  .requiredOption(
    "--officer <line>",
    "who speaks for it, a line that `init` shows; again for more",
    officerIn,
  )
  .requiredOption("--out <file>", "where to write it")
  .option("--yes", yes)
  .action(async (options: Common & AgreementWish) =>
    (await import("../agency/agreement.io.js")).agreementNew(options.profile, options, openTerminal(options)),
  );
ofOffice("show", "the newest version, and whom it names", agreement, agency).action(async (options: Common) =>
  (await import("../agency/agreement.io.js")).agreementShow(options.profile, openTerminal(options)),
);

agency
  .command("apply <file>")
  .description("hand a body's first agreement in")
  .requiredOption("--cloud <url>", "the cloud's address")
  .requiredOption("--terms <file>", "the terms that it names: they are public with it")
  .option("--ca-hash <hash>", "hash of the cloud's own CA, from its operator", caHashOf)
  .option("--json", "results as JSON, one document a line")
  .option("--yes", yes)
  .action(async (file: string, options: TerminalOptions & ApplyOptions) =>
    (await import("../agency/agreement.io.js")).agreementApply(file, options, openTerminal(options)),
  );

ofOffice("amend", "sign the agreement's next version: new people at once, new terms after vetting", agency)
  .option("--add <line>", "another officer, by the line that `init` shows; again for more", officerIn)
  .option("--remove <id>", "an officer who speaks for the agency no more; again for more", listed)
  .option("--name <name>", "the body's new name")
  .option("--territory <corners>", `another territory: ${corners}`, areaOf)
  .option("--phone <number>", "another number")
  .option("--terms <file>", "other terms")
  .option("--yes", yes)
  .action(async ({ profile, json, yes: agreed, ...wish }: Common & AmendWish) =>
    (await import("../agency/agreement.io.js")).agreementAmend(
      profile,
      wish,
      openTerminal({ ...(json && { json }), ...(agreed && { yes: agreed }) }),
    ),
  );
ofOffice("attest", "a supervisor's yearly word that the agreement holds", agency)
  .option("--yes", yes)
  .action(async (options: Common) =>
    (await import("../agency/agreement.io.js")).agreementAttest(options.profile, openTerminal(options)),
  );
ofOffice("lost-key", "end all keys, requests and packages of the agency, at once and for good", agency)
  .option("--yes", yes)
  .action(async (options: Common) =>
    (await import("../agency/agreement.io.js")).agreementLostKey(options.profile, openTerminal(options)),
  );

const request = agency.command("request").description("ask households, in public, for recordings");
ofOffice("new", "write and sign a request; it gets a key of its own", request, agency)
  .requiredOption(
    "--file <number>",
    "the agency's own file, such as 2026/0815: there is one request about each",
  )
  .addOption(
    new Option("--category <category>", "what it is about").choices(allCategories).makeOptionMandatory(),
  )
  .option("--statute <law>", "for other-felony: the law that names it, such as `Art. 222-1`", "none")
  .requiredOption("--happened <time>", "when it happened, such as 2026-11-21T18:00Z", momentOf)
  .requiredOption("--from <time>", "recordings from", momentOf)
  .requiredOption(
    "--to <time>",
    "recordings to: 6 h at most, 12 h for a missing or endangered person",
    momentOf,
  )
  .requiredOption("--area <corners>", `where: ${corners}`, areaOf)
  .requiredOption("--out <file>", "where to write it")
  .option("--yes", yes)
  .action(async (options: Common & RequestWish) => {
    const { file, category, statute, happened, from, to, area, out, profile } = options;
    const wish = { file, category, statute, happened, from, to, area, out };
    await (await import("../agency/requests.io.js")).requestNew(profile, wish, openTerminal(options));
  });
ofOffice("cosign", "the second signature, a supervisor's", request, agency)
  .argument("<file>", "the request")
  .option("--yes", yes)
  .action(async (file: string, options: Common) =>
    (await import("../agency/requests.io.js")).requestCosign(options.profile, file, openTerminal(options)),
  );
ofOffice("submit", "hand it in: a moderator looks at it, then it is public", request, agency)
  .argument("<file>", "the request, with both signatures")
  .action(async (file: string, options: Common) =>
    (await import("../agency/requests.io.js")).requestSubmit(options.profile, file, openTerminal(options)),
  );
for (const [end, what] of [
  ["resolve", "the incident is resolved: end the request"],
  ["withdraw", "ask no more"],
] as const)
  ofOffice(end, what, request, agency)
    .argument("<request>", "its id")
    .action(async (id: string, options: Common) =>
      (await import("../agency/requests.io.js")).requestEnd(options.profile, id, end, openTerminal(options)),
    );
ofOffice("erratum", "say in public what was wrong in it; the request stays as it was", request, agency)
  .argument("<request>", "its id")
  .addArgument(new Argument("<what>", "what").choices(["wrong-time", "wrong-area", "wrong-category"]))
  .action(async (id: string, what: string, options: Common) =>
    (await import("../agency/requests.io.js")).requestErratum(
      options.profile,
      id,
      what,
      openTerminal(options),
    ),
  );
ofOffice("requests", "all that the agency asked for, newest first", agency).action(async (options: Common) =>
  (await import("../agency/requests.io.js")).requestList(options.profile, openTerminal(options)),
);

ofOffice("releases", "what households released to the agency, newest first", agency).action(
  async (options: Common) =>
    (await import("../agency/releases.io.js")).releaseList(options.profile, openTerminal(options)),
);
ofOffice("fetch", "fetch a release, open it with its request's key, and verify it to its last byte", agency)
  .argument("<release>", "its id")
  .requiredOption("--out <file>", "where to write the verified package, a tar")
  .option(
    "--policy <file>",
    "the public log's key and witnesses (C2SP tlog-policy), from a place that you trust",
  )
  .addHelpText(
    "after",
    `
It comes piece by piece, and the same command goes on where it stopped. Nothing is written to --out unless all of it verifies; without --policy
the log's keys are only what the package itself claims. Only the computer that made the request has its key.`,
  )
  .action(async (id: string, options: Common & FetchOptions) =>
    (await import("../agency/releases.io.js")).releaseFetch(
      options.profile,
      id,
      options,
      openTerminal(options),
    ),
  );
for (const [name, act, what] of [
  ["receipt", "received", "sign that a release has come and verified, within 72 hours"],
  ["dispose", "disposed", "sign that every copy of a release is destroyed"],
] as const)
  ofOffice(name, what, agency)
    .argument("<release>", "its id")
    .option("--yes", yes)
    .action(async (id: string, options: Common) =>
      (await import("../agency/custody.io.js")).giveWord(
        options.profile,
        id,
        { act, ground: "none" },
        openTerminal(options),
      ),
    );
ofOffice(
  "retain",
  "sign that a court's order keeps a release past its time; it is public that one does",
  agency,
)
  .argument("<release>", "its id")
  .requiredOption("--ground <number>", "the order's number")
  .option("--yes", yes)
  .action(async (id: string, options: Common & { readonly ground: string }) =>
    (await import("../agency/custody.io.js")).giveWord(
      options.profile,
      id,
      { act: "retained", ground: options.ground },
      openTerminal(options),
    ),
  );

function areaOf(text: string): Area {
  const places = text.trim().split(/\s+/).map(parseDegrees);
  const whole = places.flatMap((place) => place ?? []);
  const area = whole.length === places.length ? parseArea(formatArea(whole)) : undefined;
  if (area !== undefined) return area;
  throw new InvalidArgumentError(`it must be 3 to 64 ${corners}.`);
}

function officerIn(line: string, before: readonly Officer[] = []): readonly Officer[] {
  const officer = parseOfficer(line);
  if (officer !== undefined) return [...before, officer];
  throw new InvalidArgumentError("it must be the whole line that `lintel agency init` shows.");
}

function momentOf(text: string): Millis {
  return millis(Date.parse(timeOf(text)));
}
