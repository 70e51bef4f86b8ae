// Runs inside a program that is measured, before its own first line: behind each full collection of its garbage it notes what is
// still alive. It asks for none: a program whose garbage is collected for it is another one.
import { appendFileSync } from "node:fs";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const { HIL_HEAP: file = "" } = process.env;
const isFull = (entry: object): boolean => {
  const detail = "detail" in entry ? entry.detail : undefined;
  if (typeof detail !== "object" || detail === null || !("kind" in detail)) return false;
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
};

if (isMainThread)
  new PerformanceObserver((list) => {
    if (list.getEntries().some(isFull))
      appendFileSync(file, `${process.pid} ${Date.now()} ${process.memoryUsage().heapUsed}\n`);
  }).observe({ entryTypes: ["gc"] });
