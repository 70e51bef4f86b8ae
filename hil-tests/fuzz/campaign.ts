import { cpuUsage } from "node:process";
import { concat, equal } from "../../shared/kernel/bytes.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import type { Branches } from "./branches.io.js";
import { changeBytes, changed, changeJson, changeText, pick } from "./change.js";
import { Broken, type Target } from "./target.js";

export interface Find {
  readonly what: string;
  /** As small as it became while the same thing went wrong. */
  readonly input: Uint8Array;
}

export interface Findings {
  readonly target: string;
  readonly runs: number;
  /** How often each verdict came. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Inputs that reached what nothing before them did; none unless branches are counted. */
  readonly kept: readonly Uint8Array[];
  readonly finds: readonly Find[];
}

export interface CampaignOptions {
  readonly seed: number;
  /** Whether to go on after so many runs. */
  readonly goesOn: (runs: number) => boolean;
  readonly corpus: readonly Uint8Array[];
  /** Without it nothing is learnt on the way, and a seed gives the same inputs again. */
  readonly branches?: Branches;
}

/** What an input may cost: a signature's worth of time, and so much for each of its bytes. */
const cost = { millis: 250, microsPerByte: 4, tries: 3 } as const;
const bytesMaxDefault = 64 * 1024;
/** Between two looks at what ran: looking costs as much as many inputs. */
const batch = { inputs: 256, millis: 200 } as const;
/** A target with more finds than this is broken, and says so often enough. */
const findsMax = 5;
const shrinkRunsMax = 300;
const shrinkMillisMax = 3_000;

/** Runs a target on its seeds, its corpus, and changes of them. */
export async function campaign(target: Target, options: CampaignOptions): Promise<Findings> {
  const run = new Campaign(target, options);
  for (const input of [...target.seeds, ...options.corpus]) await run.try(input);
  options.branches?.news({ learn: true });
  while (options.goesOn(run.runs) && run.finds.length < findsMax) await run.batch();
  return run.findings();
}

class Campaign {
  runs = 0;
  readonly finds: Find[] = [];
  private readonly target: Target;
  private readonly options: CampaignOptions;
  private readonly chance: Prng;
  private readonly pool: Uint8Array[];
  private readonly kept: Uint8Array[] = [];
  private readonly verdicts: Record<string, number> = {};
  private readonly change: NonNullable<Target["change"]>;

  constructor(target: Target, options: CampaignOptions) {
    this.target = target;
    this.options = options;
    this.chance = seededPrng(options.seed);
    this.pool = [...target.seeds, ...options.corpus];
    this.change = target.change ?? changeOf(target);
  }

  async batch(): Promise<void> {
    const until = performance.now() + batch.millis;
    const inputs: Uint8Array[] = [];
    while (inputs.length < batch.inputs && (inputs.length === 0 || performance.now() < until)) {
      const input = this.next();
      await this.try(input);
      inputs.push(input);
    }
    if (this.options.branches?.news({ learn: false }) === true) await this.keepOf(inputs);
  }

  async try(input: Uint8Array): Promise<void> {
    this.runs++;
    const judged = await judge(this.target, input);
    this.verdicts[judged.verdict] = (this.verdicts[judged.verdict] ?? 0) + 1;
    const { what } = judged;
    if (what === undefined || this.finds.some((find) => find.what === what)) return;
    this.finds.push({ what, input: await shrunk(this.target, input, what) });
  }

  findings(): Findings {
    const { runs, verdicts, kept, finds } = this;
    return { target: this.target.name, runs, verdicts, kept, finds };
  }

  private next(): Uint8Array {
    const [input, other] = [pick(this.pool, this.chance), pick(this.pool, this.chance)];
    const { bytesMax = bytesMaxDefault } = this.target;
    const none = new Uint8Array();
    return changed(input ?? none, other ?? none, { change: this.change, bytesMax, chance: this.chance });
  }

  /** A batch that brought news is run again in halves, until single inputs are left that did: those are learnt from. */
  private async keepOf(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of inputs) await judge(this.target, input);
    const isOne = inputs.length === 1;
    if (this.options.branches?.news({ learn: isOne }) !== true) return;
    if (isOne) {
      this.pool.push(...inputs);
      this.kept.push(...inputs);
      return;
    }
    const half = Math.ceil(inputs.length / 2);
    await this.keepOf(inputs.slice(0, half));
    await this.keepOf(inputs.slice(half));
  }
}

interface Judged {
  readonly verdict: string;
  /** What went wrong. */
  readonly what?: string;
}

/** Runs one input and holds against it whatever must hold of every input. */
async function judge(target: Target, input: Uint8Array): Promise<Judged> {
  const before = input.slice();
  const started = performance.now();
  let verdict: string;
  try {
    verdict = await target.run(input);
  } catch (error) {
    return { verdict: "broken", what: sentence(error) };
  }
  const spent = performance.now() - started;
  if (verdict !== "ok" && !target.kinds.includes(verdict))
    return { verdict, what: `a refusal of the undeclared kind ${verdict}` };
  if (!equal(before, input)) return { verdict, what: "the input was changed" };
  if (arePolluted()) return { verdict, what: "a prototype that all objects share was changed" };
  const millisMax = (target.millis ?? cost.millis) + (input.length * cost.microsPerByte) / 1_000;
  const isSlow = spent > millisMax && (await leastMillis(target, input)) > millisMax;
  return isSlow ? { verdict, what: `slower than ${cost.microsPerByte} µs a byte` } : { verdict };
}

/** Where it was thrown: one bug has one place and many texts. */
function sentence(error: unknown): string {
  if (error instanceof Broken) return error.message;
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const [place = error.message] = error.stack?.match(/[^/ (]+\/[^/ ]+\.[jt]s:\d+/) ?? [];
  return `${error.name} at ${place}`;
}

const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype] as const;
const namesThen = prototypes.map((one) => Object.getOwnPropertyNames(one).length);

function arePolluted(): boolean {
  return prototypes.some((one, at) => Object.getOwnPropertyNames(one).length !== namesThen[at]);
}

/** Of the processor's time, the best of some tries: the machine may be busy with other things. */
async function leastMillis(target: Target, input: Uint8Array): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < cost.tries; tries++) {
    const since = cpuUsage();
    await target.run(input);
    const { user, system } = cpuUsage(since);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

/** The same input with stretches taken out, as long as the same goes wrong. */
async function shrunk(target: Target, input: Uint8Array, what: string): Promise<Uint8Array> {
  const until = performance.now() + shrinkMillisMax;
  let smallest = input;
  let runs = 0;
  for (let length = Math.ceil(input.length / 2); length > 0; length = Math.floor(length / 2)) {
    for (let at = 0; at < smallest.length && runs < shrinkRunsMax && performance.now() < until; runs++) {
      const less = concat(smallest.subarray(0, at), smallest.subarray(at + length));
      const judged = await judge(target, less);
      if (judged.what === what) smallest = less;
      else at += length;
    }
  }
  return smallest;
}

function changeOf({ form, words = [] }: Target): NonNullable<Target["change"]> {
  if (form === "bytes") return changeBytes;
  return form === "json" ? changeJson(words) : changeText(words);
}
