// npm run bench -- log [--entries N] [--proofs P] [--at-once W]
// Entries a second into the public log of a cloud, W of them under way: each is answered when its row, its tiles, the state and
// the checkpoint that covers it are written and synced, with its proof. Then P proofs of entries anywhere in it, over HTTP on
// this machine. Against the limits that the project promises, in one run.

import { Agent, request } from "node:http";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { openTestCloud, type TestCloud } from "../../cloud/api/testing.js";
import { millis } from "../../shared/kernel/brand.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { hashOf } from "../../shared/seal/hash.js";
import { formatEntry, type LogEntry } from "../../shared/tlog/entry.js";
import { verifyProof } from "../../shared/tlog/proof.js";
import { median } from "./paired.js";

const perSecondMin = 2_000;
const proofMillisMax = 5;
/** Entries after which the rate is taken again. */
const stretch = 50_000;

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: "string", default: "1000000" },
      proofs: { type: "string", default: "1000" },
      "at-once": { type: "string", default: "4000" },
    },
  });
  const entries = Number(values.entries);
  const cloud = await openTestCloud();
  try {
    const before = process.cpuUsage();
    const rates = await fill(cloud, entries, Number(values["at-once"]));
    const { user, system } = process.cpuUsage(before);
    const perCpuSecond = (entries * 1e6) / (user + system);
    const seconds = rates.reduce((sum, one) => sum + one.seconds, 0);
    const slowest = Math.min(...rates.map((one) => one.entries / one.seconds));
    verdict(`log: ${entries} entries, durable, published and proven`, {
      figure: `${Math.round(entries / seconds)}/s, ${Math.round(slowest)}/s in the slowest ${stretch}; ${Math.round(perCpuSecond)} a second of CPU, ${loadavg()[0]?.toFixed(1)} programs wanted the ${cpus().length} cores`,
      ratio: entries / seconds / perSecondMin,
      wanted: `≥ 1 of ${perSecondMin}/s over all of them`,
      ok: entries / seconds >= perSecondMin,
    });
    const times = await prove(cloud, entries, Number(values.proofs));
    verdict(`log: proof of one of ${entries} entries, over HTTP`, {
      figure: `${median(times).toFixed(2)} ms in the median, ${(times[Math.floor(times.length * 0.95)] ?? 0).toFixed(2)} ms at the 95th percentile`,
      ratio: median(times) / proofMillisMax,
      wanted: `< 1 of ${proofMillisMax} ms`,
      ok: median(times) < proofMillisMax,
    });
  } finally {
    await cloud.close();
  }
}

const entryAt = (number: number): LogEntry => ({
  kind: "request",
  id: `request-${number}`,
  at: millis(1_795_000_000_000 + number),
  agency: `agency-${number % 2_161}`,
  state: "published",
  hash: hashOf(seededPrng(number).bytes(8)),
});

interface Stretch {
  readonly entries: number;
  readonly seconds: number;
}

async function fill({ log }: TestCloud, count: number, atOnce: number): Promise<readonly Stretch[]> {
  const stretches: Stretch[] = [];
  let [next, done, since, from] = [0, 0, performance.now(), 0];
  const one = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const { proof } = await log.append(entryAt(number));
      if (proof === "") throw new Error(`entry ${number} has no proof`);
      done++;
      if (done % stretch !== 0 && done !== count) continue;
      stretches.push({ entries: done - from, seconds: (performance.now() - since) / 1_000 });
      [from, since] = [done, performance.now()];
      process.stderr.write(`${done} entries\r`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return stretches;
}

/** Times of the answers in milliseconds, sorted; each proof is checked, outside of its time. */
async function prove(cloud: TestCloud, entries: number, count: number): Promise<readonly number[]> {
  const origin = await cloud.app.listen({ host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const random = seededPrng(5);
  const times: number[] = [];
  for (let asked = 0; asked < count; asked++) {
    const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
    const index = (((a * 256 + b) * 256 + c) * 256 + d) % entries;
    const started = performance.now();
    const proof = await fetchText(`${origin}/tlog/proof/${index}`, agent);
    times.push(performance.now() - started);
    if (asked % 50 === 0) await check(cloud, proof, index);
  }
  agent.destroy();
  return times.sort((x, y) => x - y);
}

async function check({ log }: TestCloud, proof: string, index: number): Promise<void> {
  const [listed] = await log.list({ before: index + 1, limit: 1 });
  if (listed === undefined) throw new Error(`entry ${index} is not listed`);
  const holds = verifyProof(proof, formatEntry(listed), { log: log.verifier, witnesses: [], quorum: 0 });
  if (!holds.ok) throw new Error(`the proof of entry ${index} does not hold: ${holds.error.kind}`);
}

function fetchText(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    sent.on("error", reject).end();
  });
}

interface Verdict {
  readonly figure: string;
  readonly ratio: number;
  readonly wanted: string;
  readonly ok: boolean;
}

function verdict(name: string, { figure, ratio, wanted, ok }: Verdict): void {
  process.stdout.write(
    `${ok ? "ok    " : "not ok"} ${name}: ${figure}; ratio ${ratio.toPrecision(3)}, wanted ${wanted}\n`,
  );
  if (!ok) process.exitCode = 1;
}
