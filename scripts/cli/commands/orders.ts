import { Option } from "commander";
import type { Language } from "../../../shared/release/notice.js";
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
