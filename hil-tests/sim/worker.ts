// Lives through worlds in a thread of its own: told their seeds, answers with what became of them.
import { parentPort, workerData } from "node:worker_threads";
import type * as WorldModule from "./world/seed.js";

const world: typeof WorldModule = await import(workerData);

// The world drains Node's own queues itself, which it can only in a turn of its own.
setImmediate(() => {
  world.prepare();
  parentPort?.on("message", (seed: number) => {
    setImmediate(() => parentPort?.postMessage(world.live(seed)));
  });
  parentPort?.postMessage("ready");
});
