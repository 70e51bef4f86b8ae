import { resolve } from "node:path";
import { Argument, InvalidArgumentError, Option } from "commander";
import { processTypes } from "../../../cloud/legal/scope.js";
import type { Language } from "../../../shared/release/notice.js";
import type { LegalLine, LegalWish, Verdict } from "../office/legal.io.js";
import type { PreservationWish } from "../office/preserve.io.js";
import type { CallBackOptions } from "../office/queue.io.js";
import { agency, type Common, ofMember, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { timeOf } from "./arguments.js";

// Commands: orders about recordings, as agencies, operators and owners see them. What a command does is loaded when it runs.

const preserve = agency
  .command("preserve")
  .description("have sealed recordings kept past their retention; it opens nothing");
ofOffice("ask", "ask for one camera and one window", preserve, agency)
  .requiredOption("--file <number>", "your own file number")
  .requiredOption("--camera <id>", "the camera")
  .requiredOption("--from <time>", "the window's beginning", timeOf)
  .requiredOption("--to <time>", "its end, 31 days later at most", timeOf)
  .action(async (options: Common & PreservationWish) =>
    (await import("../office/preserve.io.js")).preserveAsk(options.profile, options, openTerminal(options)),
  );
ofOffice("list", "your agency's orders, newest first", preserve, agency).action(async (options: Common) =>
  (await import("../office/preserve.io.js")).preserveList(options.profile, openTerminal(options)),
);
ofOffice("renew", "renew an active one, once", preserve, agency)
  .argument("<order>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../office/preserve.io.js")).preserveRenew(options.profile, id, openTerminal(options)),
  );

const legal = agency
  .command("legal")
  .description("serve legal process: it is answered with sealed recordings and no key");
ofOffice("serve", "serve a subpoena, court order or warrant", legal, agency)
  .requiredOption("--file <number>", "your own file number")
  .addOption(new Option("--type <type>", "what it is").choices([...processTypes]).makeOptionMandatory())
  .requiredOption(
    "--line <line>",
    "one line of it: content|metadata CAMERA FROM TO [indoor], in one word; again for more",
    lineOf,
  )
  .option("--return-by <time>", "the date of return that it names", timeOf)
  .option("--gag-until <time>", "until when the court forbids to tell the household", timeOf)
  .action(async (options: Common & LegalWish) =>
    (await import("../office/legal.io.js")).legalServe(options.profile, options, openTerminal(options)),
  );
ofOffice("list", "your agency's, newest first", legal, agency).action(async (options: Common) =>
  (await import("../office/legal.io.js")).legalList(options.profile, openTerminal(options)),
);
ofOffice("withdraw", "take one back", legal, agency)
  .argument("<process>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../office/legal.io.js")).legalWithdraw(options.profile, id, openTerminal(options)),
  );
ofOffice("fetch", "what was produced, as a tar", legal, agency)
  .argument("<process>", "its id")
  .requiredOption("--out <file>", "where to write it", (path) => resolve(path))
  .action(async (id: string, options: Common & { readonly out: string }) =>
    (await import("../office/legal.io.js")).legalFetch(
      options.profile,
      id,
      options.out,
      openTerminal(options),
    ),
  );

ofOffice("processes", "all legal process, with the lines that reach nothing", operator).action(
  async (options: Common) =>
    (await import("../office/legal.io.js")).operatorProcesses(options.profile, openTerminal(options)),
);
ofOffice("scope", "your verdict about a process; another operator must confirm it", operator)
  .argument("<process>", "its id")
  .addArgument(
    new Argument("<verdict>", "hand over, reject, or let a court decide").choices([
      "produce",
      "reject",
      "challenge",
    ]),
  )
  .option(
    "--keep <lines>",
    "with produce: the lines that are answered, by number, joined by commas",
    placesOf,
  )
  .action(async (id: string, verdict: string, options: Common & Omit<Verdict, "verdict">) =>
    (await import("../office/legal.io.js")).operatorScope(
      options.profile,
      id,
      { ...options, verdict },
      openTerminal(options),
    ),
  );
for (const [answer, what] of [
  ["confirm", "agree to another operator's verdict: it counts"],
  ["object", "disagree with a verdict: it counts for nothing"],
] as const)
  ofOffice(answer, what, operator)
    .argument("<process>", "its id")
    .option("--yes", "do not ask (for scripts that have looked themselves)")
    .action(async (id: string, options: Common) =>
      (await import("../office/legal.io.js")).operatorAnswer(
        options.profile,
        id,
        answer,
        openTerminal(options),
      ),
    );

ofOffice("queue", "what waits for an operator, the oldest first", operator).action(async (options: Common) =>
  (await import("../office/queue.io.js")).operatorQueue(options.profile, openTerminal(options)),
);
ofOffice("callback", "note what an agency said when you called it back", operator)
  .argument("<id>", "what it is about, as in the queue")
  .requiredOption("--called <number>", "the number that you dialled, as +15550100")
  .option("--not-authentic", "the agency knows nothing of it")
  .action(async (id: string, options: Common & CallBackOptions) =>
    (await import("../office/queue.io.js")).operatorCallback(
      options.profile,
      id,
      options,
      openTerminal(options),
    ),
  );

ofMember("notices", "what orders there are about your recordings, in fixed words")
  .addOption(new Option("--language <language>", "of the texts").choices(["en", "fr"]).default("en"))
  .action(async ({ language, ...options }: Common & { readonly language: Language }) =>
    (await import("../member/notices.io.js")).memberNotices(options.profile, language, openTerminal(options)),
  );

function lineOf(text: string, before: readonly LegalLine[] = []): readonly LegalLine[] {
  const [data = "", camera = "", from = "", to = "", indoor, ...more] = text.trim().split(/ +/);
  const known = ["content", "metadata"].includes(data) && (indoor === undefined || indoor === "indoor");
  if (!known || to === "" || more.length > 0)
    throw new InvalidArgumentError("it must be such as: content CAMERA 2026-11-21T18:00Z 2026-11-21T19:00Z");
  return [...before, { data, camera, from: timeOf(from), to: timeOf(to), indoor: indoor !== undefined }];
}

function placesOf(text: string): readonly number[] {
  const places = text.split(",").map(Number);
  if (places.every((place) => Number.isInteger(place) && place >= 0 && place < 16)) return places;
  throw new InvalidArgumentError("it must be numbers of lines, such as 0,2");
}
