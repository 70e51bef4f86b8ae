import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type ServicePlaces, service, usualPlaces } from "../install/service.io.js";
import { bad, type Finding, good } from "./finding.js";

/** The board's system, where the package is installed. */
export interface Packaged extends ServicePlaces {
  /** Of dpkg's database and what it installed. */
  readonly root: string;
}

export const thisBoard: Packaged = { ...usualPlaces, root: "/" };
const packageName = "lintel-camera";
const programMillisMax = 60_000;

/** Whether the package is as it was built, and its service runs; nothing to say where the camera is not the package's. */
export function checkService(
  state: string,
  { running, unit, state: packaged, root }: Packaged,
): readonly Finding[] {
  if (state !== packaged || !existsSync(unit)) return [];
  const altered = checkPackage(root);
  return existsSync(running) ? [...altered, checkRuns()] : altered;
}

function checkRuns(): Finding {
  const { stdout, error } = spawnSync("systemctl", ["is-active", service], {
    encoding: "utf8",
    timeout: programMillisMax,
  });
  const word = error === undefined ? stdout.trim() : error.message;
  return word === "active"
    ? good("service", `The service ${service} runs.`)
    : bad(
        "service",
        `The service ${service} does not run (${word}).`,
        `Start it: sudo systemctl enable --now ${service}. Why it ended: journalctl -u ${service} -n 20`,
      );
}

/** dpkg-query(1), --verify: a line for each file that is not what the package brought. */
function checkPackage(root: string): readonly Finding[] {
  const asked = spawnSync("dpkg", [`--root=${root}`, "--verify", packageName], {
    encoding: "utf8",
    timeout: programMillisMax,
  });
  if (asked.error !== undefined || /is not installed/.test(asked.stderr)) return [];
  const files = asked.stdout.split("\n").flatMap((line) => /(\/.*)$/.exec(line)?.[1] ?? []);
  return files.length === 0
    ? [good("package", "The program is what its package brought.")]
    : [
        bad(
          "package",
          `Altered or missing since the package was installed: ${files.slice(0, 3).join(", ")}${files.length > 3 ? ` and ${files.length - 3} more` : ""}.`,
          "If nobody did that on purpose, take the board for broken into: reset it, and install the package anew.",
        ),
      ];
}
