import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bytesFree, makePrivateFolder, spareBytes } from "../disk.io.js";
import { Problem } from "../http.io.js";
import type { Terminal } from "../terminal.io.js";
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

/**
 * Brings a sealed copy of every recording onto this computer, and takes away those that the vault has no more. All of them, whoever asks for
 * what: an owner who then looks at one does it here, and nobody sees which.
 */
export async function keepCopies({ cloud, household, terminal, goesOn }: KeepingCopies): Promise<void> {
  const folder = copiesIn(cloud);
  makePrivateFolder(folder);
  for (const { id } of camerasOf(household)) await keepKeyFiles(cloud, id);
  for (const clip of await listedClips(cloud, folder)) {
    if (!goesOn()) return;
    if (bytesFree(folder) < clip.bytes + spareBytes)
      return terminal.warn(
        `The disk is full at ${folder}: recordings that are not copied yet are fetched only when you look at them, and the cloud sees which.`,
      );
    const fault = await copyClip({ cloud, household, folder }, clip, terminal);
    if (fault !== undefined) terminal.warn(`Clip ${clip.id} is not copied. ${fault}`);
  }
}

/** Those that have ended; what lies in the folder and is in no list any more goes. */
async function listedClips(cloud: Cloud, folder: string): Promise<readonly ClipEntry[]> {
  const clips: ClipEntry[] = [];
  for await (const clip of listClips(cloud, { limit: clipsMax })) clips.push(clip);
  const listed = new Set<string>(clips.map(({ id }) => id));
  for (const name of readdirSync(folder))
    if (!listed.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  return clips.filter(({ state }) => state !== "recording");
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
