import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Logger } from "pino";
import { startDaily } from "./backup/daily.io.js";
import type { Docket } from "./docket/docket.io.js";
import { systemClock as clock } from "./system.io.js";
import type { Vault } from "./vault/vault.io.js";

// What a cloud does by itself while it runs.

/** How to close what runs, in the order in which it was started. */
export type Started = (() => Promise<unknown>)[];

/** Retention and what crashes left behind are looked after this often. */
const sweepMillis = 60 * 60_000;
/** Deadlines are kept to within this; the shortest is half an hour. */
const tickMillis = 5_000;
/** A backup that takes longer hangs. */
const backupMillisMax = 12 * 60 * 60_000;

const clockAdvice = {
  why: "The clock went forward by more than two days since the last sweep, so no clip is ended.",
  next: "Compare it with another clock. If it is wrong, set it; if it is right, start with LINTEL_CLOCK_CHECKED=<today, YYYY-MM-DD>.",
};

/** At the start and every hour; one sweep at a time, and none is cut off. */
export function startSweeps({ eraser, reader }: Vault, log: Logger, started: Started): void {
  let last: Promise<unknown> = Promise.resolve();
  const sweep = (): void => {
    last = last
      .then(() => eraser.sweep())
      .then(() => reader.health())
      .then(({ clockDoubtful }) => clockDoubtful && log.error(clockAdvice, "vault.clock-doubtful"))
      .catch((error: unknown) => log.error({ error: `${error}` }, "vault.sweep-failed"));
  };
  sweep();
  const timer = setInterval(sweep, sweepMillis);
  started.push(async () => {
    clearInterval(timer);
    await last;
  });
}

/** At the start and every few seconds: what a crash cut off, deadlines that have passed, batches of the log whose time has come. */
export function startTicks(parts: readonly Pick<Docket, "tick">[], log: Logger, started: Started): void {
  for (const part of parts) {
    let [isBusy, isOver] = [false, false];
    const tick = (): void => {
      if (isBusy) return;
      isBusy = true;
      part
        .tick()
        .catch((error: unknown) => {
          if (!isOver) log.error({ error: `${error}` }, "tick.failed");
        })
        .finally(() => {
          isBusy = false;
        });
    };
    tick();
    const timer = setInterval(tick, tickMillis);
    // A tick may wait for witnesses; cut off, it is finished by the next start's.
    started.push(async () => {
      isOver = true;
      clearInterval(timer);
    });
  }
}

interface Backups {
  readonly data: string;
  readonly folder: string;
  readonly reader: Vault["reader"];
}

/** Each by a process of its own, which the cloud's work does not wait for. */
export function startBackups({ data, folder, reader }: Backups, log: Logger, started: Started): void {
  const ending = new AbortController();
  const { signal } = ending;
  const backUp = async (): Promise<void> => {
    const words = [...process.execArgv, process.argv[1] ?? "", "backup", folder];
    const env = { ...process.env, LINTEL_DATA: data };
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      env,
      signal,
      timeout: backupMillisMax,
    });
    log.info(JSON.parse(stdout), "backup.made");
  };
  const onFault = (error: unknown): void => log.error({ error: `${error}`, folder }, "backup.failed");
  const isClockSure = async (): Promise<boolean> => !(await reader.health()).clockDoubtful;
  const daily = startDaily({ folder, now: () => clock.wall(), isClockSure, backUp, onFault });
  started.push(() => {
    // What it had not finished nothing reads; the next start makes it.
    ending.abort();
    return daily.close();
  });
}
