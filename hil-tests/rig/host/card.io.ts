// A disk of its own for a part of the house: a small ext4 in a file, which fills up, turns read-only, and loses with its power what
// nobody had asked it to keep.
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface Card {
  /** As if power were lost: whoever wrote to it must be gone already. */
  cut(): Promise<void>;
  restore(): void;
  fill(): void;
  protect(): void;
  /** Every access is an I/O error, until it is cut and restored. */
  fail(): void;
  /** Ends that it is full or protected. */
  mend(): void;
  close(): Promise<void>;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: from here on nothing reaches the disk, the journal's end neither. */
const shutDown = `open(my $d, "<", $ARGV[0]) or die "$!\\n"; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "$!\\n";`;
const fillName = "filled-by-the-rig";
const unmountTries = 50;
const unmountPauseMillis = 100;
/** The installer asks for 300 MB. */
const cardBytes = 512 * 1024 ** 2;

/** Why this machine has no such disks, or undefined. Tries one. */
export async function cardMissing(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "lintel-probe-"));
  try {
    const card = openCard(folder, "probe", 8 * 1024 ** 2);
    await card.cut().finally(() => card.close());
    return undefined;
  } catch (error) {
    return `a disk of its own needs root, loop devices, mkfs.ext4 and perl: ${`${error}`.split("\n")[0]}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a disk at `folder/name`. */
export function openCard(folder: string, name: string, size = cardBytes): Card {
  const place = join(folder, name);
  const image = join(folder, `${name}.ext4`);
  mkdirSync(place, { recursive: true });
  closeSync(openSync(image, "w", 0o600));
  truncateSync(image, size);
  run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0", image);
  let device = "";
  let failed = false;
  // Always a loop device of its own: `mount -o loop` takes the old one again while any namespace still holds the dead disk.
  const mount = (): void => {
    device = run("losetup", "--find", "--show", image).trim();
    run("mount", device, place);
  };
  const detach = (how: readonly string[] = []): void => {
    run("umount", ...how, place);
    run("losetup", "--detach", device);
  };
  mount();
  run("chmod", "700", place);
  rmSync(join(place, "lost+found"), { recursive: true, force: true });
  const remount = (how: "ro" | "rw"): void => {
    run("mount", "-o", `remount,${how}`, place);
  };
  const leave = (): void => {
    if (isMounted(place)) detach(["-l"]);
  };
  process.once("exit", leave); // however we end: a mount would outlive us
  return {
    async cut() {
      if (!failed) run("perl", "-e", shutDown, place);
      failed = false;
      await patiently(detach);
    },
    restore: () => (isMounted(place) ? undefined : mount()),
    fill: () => fillUp(join(place, fillName)),
    protect: () => remount("ro"),
    fail() {
      run("perl", "-e", shutDown, place);
      failed = true;
    },
    mend() {
      remount("rw");
      rmSync(join(place, fillName), { force: true });
    },
    async close() {
      if (isMounted(place)) await patiently(detach);
      process.off("exit", leave);
    },
  };
}

function fillUp(path: string): void {
  const file = openSync(path, "a");
  const block = Buffer.alloc(1024 ** 2);
  try {
    for (let size = block.length; size >= 1; ) {
      try {
        writeSync(file, block, 0, size);
      } catch {
        size = Math.floor(size / 16);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Programs that were killed a moment ago may still hold it. */
async function patiently(detach: () => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return detach();
    } catch (error) {
      if (tries === unmountTries) throw error;
      await wait(unmountPauseMillis);
    }
  }
}

function isMounted(place: string): boolean {
  return readFileSync("/proc/mounts", "utf8").includes(` ${place} `);
}

/** Folders of houses have the name of the process that made them. */
export const houseName = (pid: number): string => `lintel-house-${pid}-`;

/** Takes away what houses left behind whose process was killed: their disks, and their folders. */
export function sweepHouses(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^lintel-house-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const folder = join(tmpdir(), name);
    for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
      const [device = "", place = ""] = line.split(" ");
      if (!place.startsWith(`${folder}/`)) continue;
      run("umount", "-l", place);
      run("losetup", "--detach", device);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
}
