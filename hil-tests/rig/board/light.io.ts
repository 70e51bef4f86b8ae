import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const lookMillis = 500;
const answerMillisMax = 2_000;

/** Tells of each change that the photodiode at the recording light sees, until it is stopped. */
export function watchLight(
  [program = "", ...args]: readonly string[],
  tell: (line: string) => void,
): () => Promise<void> {
  const stopped = new AbortController();
  const look = async (): Promise<string> => {
    const { stdout } = await promisify(execFile)(program, args, { timeout: answerMillisMax });
    return stdout.trim() === "1" ? "the recording light is on" : "the recording light is off";
  };
  const watching = (async () => {
    for (let last = ""; !stopped.signal.aborted; ) {
      const now = await look().catch((error: unknown) => `the photodiode says nothing: ${error}`);
      if (now !== last) tell(now);
      last = now;
      await wait(lookMillis, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return () => {
    stopped.abort();
    return watching;
  };
}
