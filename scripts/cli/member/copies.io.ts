import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { timeOf } from "../../../shared/kernel/ids.js";
import { counted } from "../counted.js";
import { makePrivateFolder } from "../disk.io.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { type ClipEntry, clipsMax, listClips } from "./clips.io.js";
import type { Cloud } from "./cloud.io.js";
import { copiesIn, copyClip } from "./copy.io.js";
import { camerasOf, type Household } from "./household.js";
import { keepKeyFile, keptKeyFiles, readKeyFile } from "./profile.io.js";

export interface KeepingCopies {
  readonly cloud: Cloud;
  readonly household: Household;
  readonly terminal: Terminal;
  /** Whether there is still time; the rest comes with the next call. */
  readonly goesOn: () => boolean;
}

/** Until then a clip may still be recorded: a clip's minute, its post-roll, and what a slow line takes. */
const recordedWithinMillis = 10 * 60_000;

/**
 * Brings a sealed copy of every recording onto this computer, and takes away those that the vault has no more. All of them, whoever
 * asks for what: an owner who then looks at one does it here, and nobody sees which. Says how many lie here, and why one does not.
 */
export async function keepCopies({ cloud, household, terminal, goesOn }: KeepingCopies): Promise<number> {
  const folder = copiesIn(cloud);
  makePrivateFolder(folder);
  for (const { id } of camerasOf(household)) await keepKeyFiles(cloud, id);
  let copied = 0;
  for (const clip of await listedClips({ cloud, terminal }, folder)) {
    if (!goesOn()) break;
    const fault = await copyClip({ cloud, household, folder }, clip, terminal).catch(refusalOf);
    if (fault === undefined) copied += 1;
    else terminal.warn(`Clip ${clip.id} is not copied: a look at it is seen. ${fault}`);
  }
  return copied;
}

/** A full disk, or whatever else the clip is refused for: the next one may be smaller. */
function refusalOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  throw error;
}

/** Those that have ended; what lies in the folder and is in no list any more goes. */
async function listedClips(
  { cloud, terminal }: Pick<KeepingCopies, "cloud" | "terminal">,
  folder: string,
): Promise<readonly ClipEntry[]> {
  const clips: ClipEntry[] = [];
  for await (const clip of listClips(cloud, { limit: clipsMax })) clips.push(clip);
  const listed = new Set<string>(clips.map(({ id }) => id));
  const gone = readdirSync(folder).filter((name) => !listed.has(name));
  for (const name of gone) rmSync(join(folder, name), { recursive: true, force: true });
  if (gone.length > 0)
    terminal.say(`The vault has ${counted(gone.length, "recording")} no more: the copies went, too.`);
  const now = systemClock.wall();
  // One that is called unfinished for ever is copied as it is.
  return clips.filter(({ id, state }) => state !== "recording" || timeOf(id) + recordedWithinMillis < now);
}

async function keepKeyFiles(cloud: Cloud, camera: string): Promise<void> {
  const kept = new Set(keptKeyFiles(cloud.folder, camera).map(({ epoch }) => epoch));
  try {
    const shown = await cloud.list(`/v1/cameras/${camera}/keys`, "keys", readKeyFile);
    for (const file of shown) if (!kept.has(file.epoch)) keepKeyFile(cloud.folder, { camera, ...file });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error; // not this member's to see
  }
}
