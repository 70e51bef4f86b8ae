// npm run sim: worlds full of faults, in virtual time. A seed is a world; a world that failed is seen again by its seed.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleWorld } from "./bundle.js";
import { isFound, watch } from "./crew.js";
import { type Mutation, mutations } from "./mutations.js";
import type { Report } from "./world/seed.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/hil-tests/sim/
const workers = 2;
const usualSeeds = 1_000;

const help = `npm run sim [-- --seeds N] [--from S] [--seed S] [--mutation NAME] [--json]: lives through worlds full of faults, in virtual
time, and looks whether the promises hold. A world follows from its seed alone: the same seed of the same program is the same
world, to the last packet (its trace says so).

  --seeds N        so many worlds (${usualSeeds})
  --from S         from this seed on (1)
  --seed S         this one, with its whole story
  --mutation NAME  plants a bug and looks for a world that finds it
  --json           one line of JSON a world

Mutations:
${mutations.map(({ name, layer, what }) => `  ${name.padEnd(24)} ${layer}: ${what}\n`).join("")}
Exit code: 0 everything held (with --mutation: an oracle found the bug), 1 it did not, 2 used wrongly.
`;

interface Wanted {
  readonly seeds: readonly number[];
  readonly mutation: Mutation | undefined;
  readonly json: boolean;
  readonly whole: boolean;
}

function read(): Wanted | string {
  const options = {
    seeds: text,
    from: text,
    seed: text,
    mutation: text,
    json: flag,
    help: { ...flag, short: "h" },
  } as const;
  try {
    const { values } = parseArgs({ options });
    if (values.help) return "";
    const [from, count] = [
      numberOf(values.seed ?? values.from ?? "1"),
      numberOf(values.seeds ?? `${usualSeeds}`),
    ];
    const mutation = mutations.find(({ name }) => name === values.mutation);
    if (values.mutation !== undefined && mutation === undefined)
      return `There is no mutation ${values.mutation}; --help lists them.`;
    const whole = values.seed !== undefined;
    const seeds = Array.from({ length: whole ? 1 : count }, (_, at) => from + at);
    return { seeds, mutation, json: values.json === true, whole };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;

function numberOf(written: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(written)) throw new Error(`${written} is no number of seeds, and no seed.`);
  return Number(written);
}

async function run({ seeds, mutation, json, whole }: Wanted): Promise<number> {
  const started = performance.now();
  const bundle = await bundleWorld(root, mutation);
  let [done, failed] = [0, 0];
  const onReport = (report: Report): void => {
    done++;
    if (!report.ok) failed++;
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else if (process.stderr.isTTY)
      process.stderr.write(`\r${done} of ${seeds.length} worlds, ${failed} failed `);
  };
  const reports = await watch({ bundle, seeds, workers, onReport, untilFound: mutation !== undefined });
  if (!json) process.stdout.write(summary(reports, { seconds: (performance.now() - started) / 1000, whole }));
  const well = mutation === undefined ? reports.every(({ ok }) => ok) : reports.some(isFound);
  return well ? 0 : 1;
}

function summary(
  reports: readonly Report[],
  { seconds, whole }: { readonly seconds: number; readonly whole: boolean },
): string {
  const failed = reports.filter(({ ok }) => !ok);
  const hours = reports.reduce((sum, { virtualMillis }) => sum + virtualMillis, 0) / 3_600_000;
  const segments = reports.reduce((sum, one) => sum + one.segments, 0);
  const told = failed.slice(0, whole ? 1 : 5).map((report) => `${storyOf(report)}\n`);
  const [only] = reports;
  const trace = whole && only !== undefined ? `trace ${only.trace}\n` : "";
  return `${process.stderr.isTTY ? "\n" : ""}${told.join("\n")}${trace}${reports.length} worlds, ${hours.toFixed(1)} virtual hours, ${segments} segments, ${faultText(reports)}; ${failed.length} failed; ${seconds.toFixed(1)} s\n`;
}

function storyOf({ seed, oracle, why, story = [], trace }: Report): string {
  return `seed ${seed} (trace ${trace}) failed: ${oracle}\n  ${why}\n${story.map((line) => `  | ${line}\n`).join("")}`;
}

function faultText(reports: readonly Report[]): string {
  const sums: Record<string, number> = {};
  for (const { faults } of reports)
    for (const [name, count] of Object.entries(faults)) sums[name] = (sums[name] ?? 0) + count;
  return Object.entries(sums)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

const wanted = read();
if (typeof wanted === "string") {
  (wanted === "" ? process.stdout : process.stderr).write(wanted === "" ? help : `${wanted}\n`);
  process.exitCode = wanted === "" ? 0 : 2;
} else process.exitCode = await run(wanted);
