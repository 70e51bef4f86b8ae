// Takes the place of `node:timers/promises`.
import { clearTimer, setTimer } from "./clockwork.js";

export function setTimeout<T>(
  millis: number,
  value?: T,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimer(() => resolve(value), millis);
    const stop = (): void => {
      clearTimer(timer);
      reject(new Error("aborted"));
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
