import { Argument, Option } from "commander";
import { pressureKinds } from "../../../shared/release/pressure.js";
import type { ReportWish } from "../member/report.io.js";
import { type Common, member, ofMember, ofOffice, operator } from "../program.js";
import { openTerminal } from "../terminal.io.js";
import { timeOf } from "./arguments.js";

// Commands: what households tell the review board of an agency that pressed them. What a command does is loaded when it runs.

const report = member
  .command("report")
  .description("tell the review board that an agency pressed you; the agency does not learn of it");
ofMember("pressure", "sign a report and send it; what happened is sealed to the operators", report)
  .requiredOption("--agency <id>", "the agency's id, as a request, a notice or the public record has it")
  .addOption(new Option("--kind <kind>", "what it did").choices([...pressureKinds]).makeOptionMandatory())
  .requiredOption("--at <time>", "when it happened, such as 2026-11-21T18:00", timeOf)
  .option("--about <id>", "the request or order that it was about")
  .option("--text <words>", "what happened, 2,048 bytes at most; without it you are asked")
  .option("--yes", "do not ask (for scripts that have looked themselves)")
  .action(async (options: Common & ReportWish) =>
    (await import("../member/report.io.js")).memberReport(options.profile, options, openTerminal(options)),
  );
ofMember("list", "what you have reported, and what the board found", report).action(async (options: Common) =>
  (await import("../member/report.io.js")).memberReports(options.profile, openTerminal(options)),
);

const pressure = operator
  .command("pressure")
  .description("the review board: reports of pressure, which two operators uphold or not");
ofOffice("list", "the newest 200, without whose they are", pressure, operator).action(
  async (options: Common) =>
    (await import("../office/pressure.io.js")).pressureList(options.profile, openTerminal(options)),
);
ofOffice("read", "what the member wrote, opened with your key", pressure, operator)
  .argument("<report>", "its id")
  .action(async (id: string, options: Common) =>
    (await import("../office/pressure.io.js")).pressureRead(options.profile, id, openTerminal(options)),
  );
ofOffice("find", "what you find; it counts once another operator finds the same", pressure, operator)
  .argument("<report>", "its id")
  .addArgument(new Argument("<finding>", "your word").choices(["upheld", "not-upheld"]))
  .action(async (id: string, finding: string, options: Common) =>
    (await import("../office/pressure.io.js")).pressureFind(
      options.profile,
      id,
      finding,
      openTerminal(options),
    ),
  );
