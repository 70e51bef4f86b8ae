import { execFile } from "node:child_process";
import { chownSync, existsSync, lchownSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Refused } from "../refused.js";

/** Of the Debian package, as scripts/image/debian has them. */
export const service = "lintel-camera.service";
export const packagedState = "/var/lib/lintel";
const user = "lintel";

/** Where a systemd that runs and the package's unit are seen. */
export interface ServicePlaces {
  readonly running: string;
  readonly unit: string;
  readonly state: string;
}

export const usualPlaces: ServicePlaces = {
  running: "/run/systemd/system",
  unit: `/lib/systemd/system/${service}`,
  state: packagedState,
};

/** Hands the camera in `state` to the package's service and starts it, now and at each boot; false where there is none. */
export async function startService(state: string, places = usualPlaces): Promise<boolean> {
  if (state !== places.state || !existsSync(places.running) || !existsSync(places.unit)) return false;
  const [uid, gid] = await Promise.all([idOf("-u"), idOf("-g")]);
  give(state, uid, gid);
  await run("systemctl", "enable", "--now", service);
  return true;
}

async function idOf(which: "-u" | "-g"): Promise<number> {
  return Number(await run("id", which, user));
}

/** Run by root, the installation made files that the service could not read. */
function give(folder: string, uid: number, gid: number): void {
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) give(path, uid, gid);
    else lchownSync(path, uid, gid);
  }
}

async function run(program: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, [...args])).stdout.trim();
  } catch (error) {
    const said = error instanceof Error ? error.message.trim() : String(error);
    throw new Refused(
      `The camera is installed, but its service does not run: ${said}. Give the same command again as root: sudo lintel install`,
    );
  }
}
