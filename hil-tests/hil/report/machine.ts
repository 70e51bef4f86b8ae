// The report for programs: JUnit XML and TAP 14.
import type { StoryRun } from "../../rig/run.js";
import { table } from "../../rig/table.js";
import type { Results } from "./results.js";

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly seconds: number;
  readonly verdict: "passed" | "failed" | "skipped";
  readonly why: string;
}

function casesOf({ runs, byTests, soaked }: Results): readonly Case[] {
  return [
    ...runs.map(({ story, rig, ...run }: StoryRun) => ({ suite: rig, name: story.name, ...run })),
    ...byTests.map(({ row, unshown, seconds }) => ({
      ...{ suite: "tests", name: `${table[row].fault}: ${table[row].pass}`, seconds },
      verdict: unshown.length === 0 ? ("passed" as const) : ("failed" as const),
      why: unshown.join("; "),
    })),
    ...(soaked === undefined
      ? []
      : [
          {
            ...{ suite: "host", name: `${table.soak.fault}: ${table.soak.pass}`, why: soaked.why },
            seconds: soaked.minutes * 60,
            verdict: soaked.why === "" ? ("passed" as const) : ("failed" as const),
          },
        ]),
  ];
}

export function junit(results: Results): string {
  const cases = casesOf(results);
  const suites = [...new Set(cases.map(({ suite }) => suite))].map((suite) => {
    const own = cases.filter((one) => one.suite === suite);
    const count = (verdict: Case["verdict"]): number => own.filter((one) => one.verdict === verdict).length;
    const counts = `tests="${own.length}" failures="${count("failed")}" skipped="${count("skipped")}"`;
    return `  <testsuite name="${suite}" timestamp="${results.at}" ${counts}>\n${own.map(junitCase).join("")}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="lintel hil">\n${suites.join("")}</testsuites>\n`;
}

function junitCase({ suite, name, seconds, verdict, why }: Case): string {
  const head = `    <testcase classname="hil.${suite}" name="${xml(name)}" time="${seconds.toFixed(3)}"`;
  if (verdict === "passed") return `${head}/>\n`;
  const element = verdict === "failed" ? "failure" : "skipped";
  return `${head}>\n      <${element} message="${xml(why.split("\n")[0] ?? "")}">${verdict === "failed" ? xml(why) : ""}</${element}>\n    </testcase>\n`;
}

export function tap(results: Results): string {
  const cases = casesOf(results);
  const lines = cases.map(({ suite, name, verdict, why, seconds }, index) => {
    const said = `${verdict === "failed" ? "not ok" : "ok"} ${index + 1} - ${suite}: ${name.replaceAll("#", "\\#")}`;
    if (verdict === "skipped") return `${said} # SKIP ${why}`;
    const details = `  ---\n  seconds: ${seconds.toFixed(3)}\n${verdict === "failed" ? `  why: ${JSON.stringify(why)}\n` : ""}  ...`;
    return `${said}\n${details}`;
  });
  return `TAP version 14\n1..${cases.length}\n${lines.join("\n")}\n`;
}

/** Text fit for XML and HTML, in attributes, too. Control characters, which neither may hold, become spaces. */
export function xml(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  const clean = [...text].map((one) => (one < " " && one !== "\n" && one !== "\t" ? " " : one)).join("");
  return clean.replace(/[&<>"']/g, (sign) => signs[sign] ?? "");
}
