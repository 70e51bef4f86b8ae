// npm run fuzz [-- TARGET …]: changes inputs of each parser that meets foreign bytes, and holds against it what must hold whatever comes.
import { parseArgs } from "node:util";
import { type Branches, countBranches } from "./branches.io.js";
import { campaign, type Findings } from "./campaign.js";
import { keepInput, readCorpus, writeFind } from "./corpus.io.js";
import type { Target } from "./target.js";
import { type Opener, targets } from "./targets/all.js";

const help = `npm run fuzz [-- TARGET …] [--seconds N] [--seed S] [--keep] [--json]: wrong input for each parser that meets foreign bytes.

  --seconds N   for each target, 10 if not said
  --seed S      where chance begins, 1 if not said; with the same corpus and --runs the same inputs come again
  --runs N      so many inputs instead of a time, and no looking at what ran
  --keep        write what reached a new branch into hil-tests/fuzz/corpus, from where every later run begins
  --json        a document a line for each target

What breaks something is written to .build/fuzz/TARGET, as small as it became. TARGET may be the beginning of a name:
${targets.map(({ name, about }) => `  ${name.padEnd(24)}${about}`).join("\n")}

Exit code: 0 nothing broke, 1 something did, 2 used wrongly.
`;

const options = optionsOf();
const chosen =
  options.names.length === 0
    ? targets
    : targets.filter(({ name }) => options.names.some((one) => name.startsWith(one)));
if (options.help) process.stdout.write(help);
else if (chosen.length === 0) misused(`There is no target ${options.names.join(", ")}.`);
else await fuzzAll(chosen);

function optionsOf() {
  const number = (text: string, name: string): number =>
    /^\d{1,9}$/.test(text) ? Number(text) : misused(`--${name} takes a whole number, not "${text}".`);
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: "string", default: "10" },
        seed: { type: "string", default: "1" },
        runs: { type: "string" },
        keep: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { keep, json, help: helped, runs } = values;
    return {
      ...{ keep, json, help: helped, names: positionals },
      seconds: number(values.seconds, "seconds"),
      seed: number(values.seed, "seed"),
      runs: runs === undefined ? undefined : number(runs, "runs"),
    };
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error));
  }
}

function misused(why: string): never {
  process.stderr.write(`${why}\n\n${help}`);
  process.exit(2);
}

async function fuzzAll(all: readonly Opener[]): Promise<void> {
  const branches = options.runs === undefined ? countBranches() : undefined;
  for (const { name, open } of all) {
    if (process.stderr.isTTY) process.stderr.write(`${name} …\r`);
    const target = await open();
    report(target, await fuzz(target, branches));
    await target.close();
  }
  branches?.close();
}

function fuzz(target: Target, branches: Branches | undefined): Promise<Findings> {
  const until = performance.now() + options.seconds * 1_000;
  const { seed, runs } = options;
  return campaign(target, {
    ...{ seed, corpus: readCorpus(target) },
    goesOn: (done) => (runs === undefined ? performance.now() < until : done < runs),
    ...(branches && { branches }),
  });
}

function report(target: Target, { finds, kept, ...findings }: Findings): void {
  const broken = finds.map(({ what, input }) => ({ what, input: writeFind(target, input) }));
  if (options.keep) for (const input of kept) keepInput(target, input);
  if (broken.length > 0) process.exitCode = 1;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...findings, new: kept.length, broken })}\n`);
    return;
  }
  const { runs, verdicts } = findings;
  const taken = ((100 * (verdicts.ok ?? 0)) / runs).toFixed(0);
  const facts = `${runs} inputs, ${taken} % taken, ${Object.keys(verdicts).length} verdicts, ${kept.length} new`;
  process.stdout.write(`${broken.length === 0 ? "ok    " : "BROKEN"} ${target.name.padEnd(22)} ${facts}\n`);
  for (const { what, input } of broken) process.stdout.write(`         ${what}\n         ${input}\n`);
}
