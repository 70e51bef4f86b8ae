import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Group, groups } from "../coverage/groups.js";
import { type CoveredFile, type Judged, judge } from "../coverage/holes.js";
import type { Proof } from "./proof.js";

const secondsMax = 1_800;

/** Issue 6: each branch is run by a test, or says why it is not. */
export const coverageProofs: readonly Proof[] = groups.map((group) => ({
  issue: 6,
  line: `Coverage of the ${group.name}: branches 100 % or a written reason beside each hole (coverage)`,
  async run({ root, command, progress }) {
    const tests = ["scripts/test.mjs", "--coverage", ...group.tests];
    const { status, output } = await command(process.execPath, tests, secondsMax);
    if (status !== 0) return { ok: false, figures: {}, note: output.slice(-2_000) };
    const judged = judgedFiles(root, group);
    for (const line of judged.flatMap(said)) progress(line);
    const sum = (count: (one: Judged) => number): number =>
      judged.reduce((total, [, one]) => total + count(one), 0);
    const [holes, idle] = [sum((one) => one.holes.length), sum((one) => one.idle.length)];
    const branches = sum((one) => one.branches);
    return {
      ok: branches > 0 && holes + idle === 0,
      figures: {
        ...{ files: judged.length, branches, covered: sum((one) => one.covered) },
        ...{ excused: sum((one) => one.excused.length), holes, "idle excuses": idle },
      },
      note: "",
    };
  },
}));

function said([path, { holes, idle, excused }]: readonly [string, Judged]): readonly string[] {
  return [
    ...holes.map((line) => `${path}:${line} is run by no test`),
    ...idle.map((line) => `${path}:${line} excuses nothing, or gives no reason`),
    ...excused.map(({ line, reason }) => `${path}:${line} excused: ${reason}`),
  ];
}

function judgedFiles(root: string, { paths }: Group): readonly (readonly [string, Judged])[] {
  const report: Readonly<Record<string, CoveredFile>> = JSON.parse(
    readFileSync(join(root, ".build/coverage-report/coverage-final.json"), "utf8"),
  );
  return Object.values(report)
    .map((file) => [relative(root, file.path), file] as const)
    .filter(([path]) => paths.some((one) => path.startsWith(one)) && !/\.(test|contract)\.ts$/.test(path))
    .map(([path, file]) => [path, judge(file, readFileSync(join(root, path), "utf8"))]);
}
