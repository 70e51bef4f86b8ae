import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LensDriver } from "../rig.js";

/** A camera whose pictures the rig decides: a program in place of `rpicam-vid`. */
export interface Lens {
  /** Of the firmware; the installer looks at another source, for it knows no such program. */
  readonly environment: Readonly<Record<string, string>>;
  driver(camera: () => number): LensDriver;
}

const scene = "scene:seed=5,size=320x180,fps=10,movers=walker,first=4,every=86400";
const source = "libcamera?size=320x180&fps=10";

export function openLens(folder: string): Lens {
  const orders = join(folder, "lens");
  const program = join(folder, "rpicam-vid");
  const main = fileURLToPath(new URL("lens/main.js", import.meta.url));
  let walks = 0;
  const order = async (how: "clear" | "cover" | "freeze"): Promise<void> =>
    writeFileSync(orders, `${how} ${walks}`);
  void order("clear");
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${main} ${scene} ${orders}\n`, { mode: 0o755 });
  return {
    environment: { LINTEL_SOURCE: source, LINTEL_RPICAM: program },
    driver: (camera) => ({
      walkPast() {
        walks++;
        return order("clear");
      },
      cover: () => order("cover"),
      freeze: () => order("freeze"),
      clear: () => order("clear"),
      async hang() {
        for (const pid of ffmpegsOf(camera())) process.kill(pid, "SIGSTOP");
      },
      async kill() {
        for (const pid of ffmpegsOf(camera())) process.kill(pid, "SIGKILL");
      },
    }),
  };
}

/** Those that the camera itself started. */
function ffmpegsOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [, program, of] = /^\d+ \((.*)\) \S (\d+)/.exec(stat(pid)) ?? [];
      return program === "ffmpeg" && Number(of) === parent;
    })
    .map(Number);
}

function stat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return ""; // It has just gone.
  }
}
