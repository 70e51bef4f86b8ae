import { isFound } from "../sim/crew.js";
import { mutations } from "../sim/mutations.js";
import type { Outcome, Proof, ProofContext } from "./proof.js";

const worldsTotal = 1_000;
const secondsMax = 120;
const mutationSeeds = 200;

/** Issue 6: the promises under fault, in simulation. */
export const simProofs: readonly Proof[] = [
  {
    issue: 6,
    line: `sim: ${worldsTotal} seeds in under two minutes here: safety oracles under faults, then heal and demand liveness; a failing seed replays exactly`,
    run: proveWorlds,
  },
  {
    issue: 6,
    line: `sim: a planted bug in each layer is found by an oracle within ${mutationSeeds} seeds`,
    run: proveMutations,
  },
];

interface World {
  readonly seed: number;
  readonly ok: boolean;
  readonly trace: string;
  readonly oracle?: string;
  readonly segments: number;
  readonly virtualMillis: number;
}

async function worlds({ root, command }: ProofContext, ...args: readonly string[]) {
  const words = [`${root}/.build/hil-tests/sim/main.js`, "--json", ...args];
  const { output, seconds } = await command(process.execPath, words, 3_600);
  const lines = output.split("\n").filter((line) => line.startsWith("{"));
  return { seconds, worlds: lines.map((line): World => JSON.parse(line)) };
}

async function proveWorlds(context: ProofContext): Promise<Outcome> {
  const { seconds, worlds: lived } = await worlds(context, "--seeds", `${worldsTotal}`);
  const failed = lived.filter(({ ok }) => !ok).map(({ seed }) => seed);
  const [first] = lived;
  const again = (await worlds(context, "--seed", `${first?.seed ?? 1}`)).worlds[0];
  const replays = again !== undefined && again.trace === first?.trace;
  const virtualHours = lived.reduce((sum, { virtualMillis }) => sum + virtualMillis, 0) / 3_600_000;
  const segments = lived.reduce((sum, one) => sum + one.segments, 0);
  return {
    ok: failed.length === 0 && lived.length === worldsTotal && replays && seconds < secondsMax,
    figures: { worlds: lived.length, seconds, virtualHours, segments, failed: failed.length },
    note: failed.length > 0 ? `seeds ${failed.join(", ")}` : replays ? "" : "a seed did not replay",
  };
}

async function proveMutations(context: ProofContext): Promise<Outcome> {
  const found: string[] = [];
  let missed = 0;
  for (const { name, layer } of mutations) {
    const { worlds: lived } = await worlds(context, "--mutation", name, "--seeds", `${mutationSeeds}`);
    const first = lived.find(isFound);
    if (first === undefined) missed++;
    found.push(
      `${name} (${layer}): ${first === undefined ? "NOT FOUND" : `seed ${first.seed}, ${first.oracle}`}`,
    );
    context.progress(found.at(-1) ?? "");
  }
  const layers = new Set(mutations.map(({ layer }) => layer)).size;
  return {
    ok: missed === 0,
    figures: { mutations: mutations.length, layers, missed },
    note: found.join("; "),
  };
}
