import { statSync } from "node:fs";
import { createServer, type Server } from "node:net";

/**
 * Makes this process the only firmware on a state directory; two would cut each other's clips short. The lock is a name in the
 * kernel (unix(7), abstract sockets): it dies with the process, however that ends, and leaves nothing to clean up. Closing the
 * server gives it back. Such names belong to a network namespace: firmwares in containers of their own are not kept apart on a
 * directory that they share. And any program may take the name: then the firmware says that another one runs, and does not start.
 */
export function lockDirectory(directory: string): Promise<Server> {
  const { dev, ino } = statSync(directory);
  const lock = createServer((client) => client.destroy());
  return new Promise((resolve, reject) => {
    lock.once("error", () => reject(new Error(`another firmware is running on ${directory}; stop it first`)));
    lock.listen(`\0lintel-firmware-${dev}-${ino}`, () => resolve(lock));
  });
}
