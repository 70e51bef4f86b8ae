import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Millis } from "../../shared/kernel/brand.js";
import { namesIn, syncDirectory } from "../disk.io.js";
import { privateDirectory } from "../household/privatefile.io.js";
import { BetterSqlite3 } from "../sqlite.io.js";
import { Bodies } from "../vault/bodies.io.js";
import { bodiesIn, copyDurably, copyOnce, syncFile } from "./files.io.js";
import { irreplaceable, isWithinWindow, placesOf, stateNameOf, timeOfState } from "./state.js";

export interface BackupReport {
  readonly state: string;
  readonly bodies: number;
  readonly bodiesCopied: number;
  readonly statesDropped: number;
}

/**
 * Copies a data directory, while its cloud runs, into a folder beside earlier states. Bodies are copied once. States older than
 * the shred window go, and with them what no state names: of a clip that was deleted longer ago nothing is left.
 */
export async function backUp(data: string, folder: string, now: Millis): Promise<BackupReport> {
  const { bodies, states } = placesOf(folder);
  await privateDirectory(folder);
  await mkdir(states, { recursive: true, mode: 0o700 });
  for (const name of await namesIn(states))
    if (timeOfState(name) === undefined) await rm(join(states, name), { recursive: true });
  const state = stateNameOf(now);
  const making = join(states, `${state}.making`);
  await mkdir(making, { mode: 0o700 });
  // Rows first, then keys, then bodies: the other way round than they are written, so that what has a row has the rest.
  await snapshot(join(data, "cloud.db"), join(making, "cloud.db"));
  await snapshot(join(data, "vault", "shred.db"), join(making, "shred.db"));
  await copyIrreplaceable(data, making);
  const copied = await copyBodies(join(data, "vault"), bodies, join(making, "cloud.db"));
  forgetKeys(join(making, "shred.db"), copied.gone);
  await syncDirectory(making);
  // Power lost before this: a state that is never read, which the next backup takes away.
  await rename(making, join(states, state));
  await syncDirectory(states);
  const statesDropped = await dropOldStates(states, now);
  await dropUnnamed(bodies, states);
  const { named, fresh } = copied;
  return { state: join(states, state), bodies: named, bodiesCopied: fresh, statesDropped };
}

/** What is committed at this moment and nothing else: no freed page, no log. Durable when it resolves. */
async function snapshot(from: string, to: string): Promise<void> {
  const db = new BetterSqlite3(from, { fileMustExist: true });
  try {
    db.prepare("vacuum into ?").run(to);
  } finally {
    db.close();
  }
  await syncFile(to);
}

async function copyIrreplaceable(data: string, making: string): Promise<void> {
  for (const name of irreplaceable) {
    const to = join(making, name);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    if (!(await copyDurably(join(data, name), to)))
      throw new Error(`${join(data, name)} is not there. Has a cloud ever run on this directory?`);
    await syncDirectory(dirname(to));
  }
}

interface Copied {
  readonly named: number;
  readonly fresh: number;
  /** Clips that were deleted since their rows were read. */
  readonly gone: ReadonlyMap<string, string>;
}

async function copyBodies(vault: string, folder: string, rows: string): Promise<Copied> {
  const [from, to] = [new Bodies(vault), new Bodies(folder)];
  const directories = new Set<string>();
  const gone = new Map<string, string>();
  let named = 0;
  let fresh = 0;
  for (const body of bodiesIn(rows)) {
    named++;
    const outcome = await copyOnce(from.path(body), to.path(body), body.fileBytes);
    if (outcome === "missing") gone.set(body.clip, body.household);
    if (outcome !== "copied") continue;
    fresh++;
    directories.add(dirname(to.path(body)));
  }
  for (const directory of directories) await syncDirectory(directory);
  return { named, fresh, gone };
}

/** A clip that went while it was copied shall not open from the copy either. */
function forgetKeys(database: string, clips: ReadonlyMap<string, string>): void {
  if (clips.size === 0) return;
  const db = new BetterSqlite3(database);
  try {
    db.pragma("secure_delete = on");
    const forget = db.prepare("delete from shred_key where clip = ? and household = ?");
    for (const [clip, household] of clips) forget.run(clip, household);
  } finally {
    db.close();
  }
}

/** Those whose keys would outlive the shred window. How many. */
export async function dropOldStates(states: string, now: Millis): Promise<number> {
  let dropped = 0;
  for (const name of await namesIn(states)) {
    const at = timeOfState(name);
    if (at === undefined || isWithinWindow(at, now)) continue;
    await rm(join(states, name), { recursive: true });
    dropped++;
  }
  return dropped;
}

/** Takes away the bodies of clips that stand in no state. */
async function dropUnnamed(bodies: string, states: string): Promise<void> {
  const named = await standingIn(states);
  const root = join(bodies, "clips");
  for (const camera of await namesIn(root))
    for (const clip of await namesIn(join(root, camera)))
      if (!named.has(clip)) await rm(join(root, camera, clip), { recursive: true });
}

async function standingIn(states: string): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const state of await namesIn(states)) {
    const db = new BetterSqlite3(join(states, state, "cloud.db"), { readonly: true });
    for (const id of db.prepare("select id from clip where deleted_at is null").pluck().iterate())
      named.add(String(id));
    db.close();
  }
  return named;
}
