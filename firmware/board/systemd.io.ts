import { execFile } from "node:child_process";
import type { Log } from "../../shared/kernel/ports.js";

export interface Notifier {
  /** Up and recording. */
  ready(): void;
  /** From now on no sign of life: systemd restarts us only when we hang while stopping. */
  stopping(): void;
}

const programMillisMax = 5_000;

/**
 * Tells systemd how we are (sd_notify(3)). Node cannot write to a datagram socket: `systemd-notify` does, which a unit must allow by
 * `NotifyAccess=all`. The watchdog is fed only while `isAlive` says so.
 */
export function openNotifier(
  env: Readonly<Record<string, string | undefined>>,
  isAlive: () => boolean,
  log: Log,
): Notifier {
  if (env.NOTIFY_SOCKET === undefined) return { ready() {}, stopping() {} };
  let told = false;
  const notify = (...words: readonly string[]): void => {
    execFile("systemd-notify", [...words], { timeout: programMillisMax }, (error) => {
      if (error && !told) log("systemd.cannot-notify", { why: error.message });
      told = error !== null;
    });
  };
  const watchdogMicros = Number(env.WATCHDOG_USEC ?? 0);
  const ours = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === `${process.pid}`;
  const ticker =
    watchdogMicros > 0 && ours
      ? setInterval(() => {
          if (isAlive()) notify("WATCHDOG=1");
        }, watchdogMicros / 3_000)
      : undefined;
  return {
    ready: () => notify("--ready"),
    stopping() {
      clearInterval(ticker);
      notify("STOPPING=1");
    },
  };
}
