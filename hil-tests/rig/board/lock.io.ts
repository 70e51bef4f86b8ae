import { createServer, type Server } from "node:net";
import { Refused } from "../../../scripts/cli/refused.js";

/** One run at a time has a board. The lock is a name in the kernel (unix(7), abstract sockets): it goes with the process, however that ends. */
export function lockBoard(id: string): Promise<Server> {
  const lock = createServer((client) => client.destroy());
  return new Promise((resolve, reject) => {
    lock.once("error", () =>
      reject(new Refused(`Another run has the board ${id}: wait for its end, or stop it (Ctrl-C there).`)),
    );
    lock.listen(`\0lintel-rig-${id}`, () => resolve(lock));
  });
}
