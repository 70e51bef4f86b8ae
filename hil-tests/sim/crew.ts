import { Worker } from "node:worker_threads";
import type { Report } from "./world/seed.js";

export interface Watch {
  /** A file that `bundleWorld` made. */
  readonly bundle: string;
  readonly seeds: readonly number[];
  readonly workers: number;
  readonly onReport: (report: Report) => void;
  /** No further seed is begun after a world in which an oracle found something. */
  readonly untilFound: boolean;
}

/** Lives through worlds in threads of their own: what became of each, by rising seed. */
export async function watch({
  bundle,
  seeds,
  workers,
  onReport,
  untilFound,
}: Watch): Promise<readonly Report[]> {
  const waiting = [...seeds];
  const reports: Report[] = [];
  const told = (report: Report): void => {
    reports.push(report);
    onReport(report);
    if (untilFound && isFound(report)) waiting.length = 0;
  };
  const crew = Array.from({ length: Math.min(workers, seeds.length) }, () =>
    one(bundle, () => waiting.shift(), told),
  );
  await Promise.all(crew);
  return reports.sort((a, b) => a.seed - b.seed);
}

/** An oracle says what does not hold; a program that merely ends in an error was found by nobody. */
export function isFound({ ok, oracle }: Pick<Report, "ok" | "oracle">): boolean {
  return !ok && oracle !== "no-crash";
}

/** A world makes much that does not live long: with room for it a fifth less time goes into clearing up. */
const youngMebibytes = 192;

/** One thread, until there is no seed left. */
function one(bundle: string, next: () => number | undefined, told: (report: Report) => void): Promise<void> {
  const worker = new Worker(new URL("worker.js", import.meta.url), {
    workerData: bundle,
    resourceLimits: { maxYoungGenerationSizeMb: youngMebibytes },
  });
  let seed: number | undefined;
  const go = (): void => {
    seed = next();
    if (seed === undefined) void worker.terminate();
    else worker.postMessage(seed);
  };
  return new Promise((resolve, reject) => {
    worker.on("message", (said: Report | "ready") => {
      if (said !== "ready") told(said);
      go();
    });
    worker.once("error", reject);
    worker.once("exit", () =>
      seed === undefined ? resolve() : reject(new Error(`The thread ended in the world of seed ${seed}.`)),
    );
  });
}
