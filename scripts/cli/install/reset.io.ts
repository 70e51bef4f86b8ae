import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { lockDirectory } from "../../../firmware/board/lock.io.js";
import { waitingSegments } from "../doctor/installed.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { leaveHomeBroker } from "./homebroker.io.js";

/** What a camera keeps, keys first: killed in between, what is left opens and proves nothing, and the same command goes on. */
const kept = [
  "identity",
  "charter.json",
  "mode.txt",
  "mode.copy.txt",
  "settings.json",
  "homebroker.json",
  "journal",
  "handover.html",
  "handover.txt",
];

/** Wipes a camera off this board. Refuses where none is, and while its firmware runs. */
export async function reset(folder: string, terminal: Terminal): Promise<void> {
  const state = resolve(folder);
  const there = keptIn(state);
  if (there.length === 0) throw new Refused(`${state} holds no camera. Name its folder: --state DIR`);
  const lock = await lockDirectory(state).catch(() => {
    throw new Refused(
      `The firmware is running on ${state}. Stop it first (systemctl stop lintel-camera), then give the same command again.`,
    );
  });
  const waiting = waitingSegments(state);
  try {
    if (!(await terminal.agreed(`Wipe the camera in ${state} for ever? ${lossIn(state)}`)))
      throw new Refused("Nothing was wiped.");
    await leaveHomeBroker(state, terminal);
    overwriteKeys(join(state, "identity"));
    for (const name of there) rmSync(join(state, name), { recursive: true, force: true });
  } finally {
    lock.close();
  }
  terminal.json({ event: "reset", state, lost: waiting });
  terminal.say(
    `${state} is wiped. The household still lists the camera: there, take it out: lintel member camera remove CAMERA`,
  );
}

/** What a reset would wipe. */
export function keptIn(state: string): readonly string[] {
  return kept.filter((name) => existsSync(join(state, name)));
}

/** What a reset would lose, as a sentence. */
export function lossIn(state: string): string {
  const waiting = waitingSegments(state);
  return waiting === 0 ? "Nothing waits to be sent." : `${waiting} sealed segments wait, and will be LOST.`;
}

/** A card may keep old blocks for a while; what the file system still shows is zeros. */
function overwriteKeys(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    const file = openSync(path, "r+");
    writeSync(file, new Uint8Array(statSync(path).size), 0);
    fsyncSync(file);
    closeSync(file);
  }
}
