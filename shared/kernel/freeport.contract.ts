import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that Linux hands out by itself: no program's outgoing connection takes one of these meanwhile. */
const firstPort = 10_000;
const endPort = 32_768;
const tries = 20;

/** A port on loopback that is free now, for programs that have to come back under the same address. */
export async function freePort(): Promise<number> {
  for (let left = tries; left > 0; left--) {
    const port = randomInt(firstPort, endPort);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("listening", () => resolve(true)).once("error", () => resolve(false));
      server.listen(port, "127.0.0.1");
    });
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error(`Of ${tries} ports on loopback none was free.`);
}
