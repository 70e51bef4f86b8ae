import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { keptIn, lossIn, reset } from "./reset.io.js";
import { packagedState, service, usualPlaces } from "./service.io.js";
import { installedVersion, runDpkg } from "./update.io.js";
import { packageName } from "./verify.io.js";

/** Takes the camera off its card and its package off the system under `folder`. Killed in between, the same command goes on. */
export async function uninstall(folder: string, terminal: Terminal): Promise<void> {
  const root = resolve(folder);
  const state = join(root, packagedState);
  const version = installedVersion(root);
  if (version === undefined)
    throw new Refused(
      `The package ${packageName} is not installed under ${root}. A camera that runs from a clone is wiped by: lintel reset --state DIR`,
    );
  const isCamera = keptIn(state).length > 0;
  const what = isCamera ? `Wipe the camera in ${state} for ever, and remove` : "Remove";
  const loss = isCamera ? ` ${lossIn(state)}` : "";
  if (!(await terminal.agreed(`${what} ${packageName} ${version}?${loss}`)))
    throw new Refused("Nothing was removed.");
  if (root === "/" && existsSync(usualPlaces.running)) spawnSync("systemctl", ["disable", "--now", service]);
  if (isCamera) await reset(state, { ...terminal, agreed: async () => true });
  const purged = runDpkg(root, "--purge", packageName);
  if (purged.status !== 0)
    throw new Refused(
      `The camera's keys are gone, but its package is not: ${purged.stderr.trim()}. Give the same command again as root.`,
    );
  terminal.json({ event: "uninstalled", version });
  terminal.say(`${packageName} ${version} is removed.`);
}
