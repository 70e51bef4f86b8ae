import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { hashOf } from "../../../shared/seal/hash.js";
import { bytesFree, makePrivateFolder, readIfThere, spareBytes, writeDurably } from "../disk.io.js";
import { fieldsOf, UnexpectedAnswer } from "../fields.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type ClipEntry, clipsMax, listClips } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { copyClip, jsonOf } from "./copy.io.js";
import { camerasOf } from "./household.js";
import { readKeyFile } from "./profile.io.js";

const pageMax = 200;
const pagesMax = 100_000;

export interface ExportOptions {
  readonly to: string;
  /** Bytes that are free where a folder is. */
  readonly free?: (folder: string) => number;
}

/** A file of the cloud's answer about everything that is not footage. */
interface Sheet {
  readonly file: string;
  readonly path: string;
  /** Paged: the name of the list in each page. */
  readonly pages?: string;
}
const sheets: readonly Sheet[] = [
  { file: "household.json", path: "/v1/household" },
  { file: "retention.json", path: "/v1/household/retention" },
  { file: "cameras.json", path: "/v1/cameras" },
  { file: "sessions.json", path: "/v1/sessions" },
  { file: "passkeys.json", path: "/v1/passkeys" },
  { file: "tokens.json", path: "/v1/tokens" },
  { file: "webhooks.json", path: "/v1/webhooks" },
  { file: "events.json", path: "/v1/events", pages: "events" },
  { file: "audit.json", path: "/v1/audit", pages: "entries" },
];

/**
 * Copies everything that this member may see out of the cloud: what it knows, and every clip still sealed, each file checked
 * against its camera's signature. The same command goes on where it stopped, and later adds what is new. There is no route that
 * hands out a household at once: this is the member's own client walking the member's own routes.
 */
export async function memberExport(
  folder: string,
  { to, free = bytesFree }: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const root = resolve(to);
  takeFolder(root, cloud.profile.household);
  const household = await cloud.household();
  for (const sheet of sheets) await writeSheet(cloud, root, sheet, terminal);
  for (const { id } of camerasOf(household)) await writeCamera(cloud, root, id);
  const clips: ClipEntry[] = [];
  for await (const clip of listClips(cloud, { limit: clipsMax })) clips.push(clip);
  refuseFull(root, clips, free(root));
  const faults: Fault[] = [];
  for (const [at, clip] of clips.entries()) {
    const why = await copyClip({ cloud, household, folder: join(root, "clips") }, clip, {
      ...terminal,
      progress: (line) => terminal.progress(`clip ${at + 1} of ${clips.length}: ${line}`),
    });
    if (why !== undefined) faults.push({ clip: clip.id, why });
  }
  const files = writeIndex(root, { cloud, clips, faults });
  tell({ root, clips, files, faults }, terminal);
}

interface Fault {
  readonly clip: string;
  readonly why: string;
}

/** An empty folder, or the one of an earlier export of the same household. */
function takeFolder(root: string, household: string): void {
  makePrivateFolder(root);
  const mark = join(root, "HOUSEHOLD");
  const before = readIfThere(mark)?.trim();
  if (before === household) return;
  if (before !== undefined)
    throw new Refused(`${root} holds the export of another household, ${before}. Choose another folder.`);
  if (readdirSync(root).length > 0)
    throw new Refused(`${root} is not empty, and no export was begun in it. Choose another folder.`);
  writeDurably(mark, `${household}\n`);
}

/** Small beside any clip: written anew each time. */
async function writeSheet(
  cloud: Cloud,
  root: string,
  { file, path, pages }: Sheet,
  terminal: Terminal,
): Promise<void> {
  terminal.progress(`writing ${file} …`);
  const found = await (pages === undefined
    ? cloud.call({ method: "GET", path })
    : everyPage(cloud, path, pages)
  ).catch(
    // An owner's list, or a scope that this caller has not: it is not this member's to see.
    (error: unknown) => {
      if (error instanceof Problem && error.status === 403) return undefined;
      throw error;
    },
  );
  if (found !== undefined) writeDurably(join(root, file), `${JSON.stringify(found, undefined, 2)}\n`);
}

async function everyPage(cloud: Cloud, path: string, name: string): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const query = `limit=${pageMax}${cursor === undefined ? "" : `&cursor=${cursor}`}`;
    const page = await cloud.call({ method: "GET", path: `${path}?${query}` });
    const found = new Map<string, unknown>(Object.entries(page ?? {})).get(name);
    if (!Array.isArray(found)) throw new UnexpectedAnswer(`${path}.${name} is not a list`);
    items.push(...found);
    cursor = fieldsOf(page, path).maybeText("next");
    if (cursor === undefined) return items;
  }
  throw new UnexpectedAnswer(`${path} does not end`);
}

/** Its newest mode order, and its identity by epoch: age files to those who may see it. */
async function writeCamera(cloud: Cloud, root: string, id: string): Promise<void> {
  const place = join(root, "cameras", id);
  try {
    const mode = (await cloud.get(`/v1/cameras/${id}`)).maybeText("mode");
    const keys = await cloud.list(`/v1/cameras/${id}/keys`, "keys", readKeyFile);
    makePrivateFolder(place);
    if (mode !== undefined) writeDurably(join(place, "mode.note"), mode);
    for (const { epoch, file } of keys)
      writeDurably(join(place, `key-${epoch}.age`), Buffer.from(file, "base64"));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error; // not this member's to see
  }
}

/** Before a byte of footage comes: half an export on a full disk helps nobody. */
function refuseFull(root: string, clips: readonly ClipEntry[], free: number): void {
  const missing = clips.filter(({ id }) => !existsSync(join(root, "clips", id, "clip.json")));
  const needed = missing.reduce((sum, { bytes }) => sum + bytes, 0) + spareBytes;
  if (missing.length === 0 || needed <= free) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new Refused(
    `The ${missing.length} recordings that are missing in ${root} need ${megabytes(needed)}, and ${megabytes(free)} are free. Make room, or choose a folder on another disk; what is there already stays.`,
  );
}

/** `sha256sum -c SHA256SUMS` checks every file of it, on any computer. */
function writeIndex(
  root: string,
  {
    cloud,
    clips,
    faults,
  }: { readonly cloud: Cloud; readonly clips: readonly ClipEntry[]; readonly faults: readonly Fault[] },
): number {
  writeDurably(join(root, "README.txt"), howTo(cloud));
  writeDurably(join(root, "index.json"), jsonOf({ household: cloud.profile.household, clips, faults }));
  const files = filesUnder(root)
    .map((path) => relative(root, path))
    .filter((name) => name !== "SHA256SUMS")
    .sort();
  const lines = files.map((name) => {
    const digest = Buffer.from(hashOf(readFileSync(join(root, name))), "base64").toString("hex");
    return `${digest}  ${name}\n`;
  });
  writeDurably(join(root, "SHA256SUMS"), lines.join(""));
  return files.length;
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function howTo({ profile }: Cloud): string {
  return `Everything that the cloud ${profile.cloudUrl} had of household ${profile.household} for member ${profile.member}.

household.json       the charters, signed, from the first on: members, cameras, rules
cameras/ID           the camera's newest mode order; its keys, sealed to the members who see it
clips/ID             N.age and N.note: a recording's sealed segments in order, each with the camera's signature;
                     thumbnail.age and .note: its picture; clip.json: the rest
index.json           the list of recordings, and which of them could not be copied whole
events, audit, sessions, passkeys, tokens, webhooks, retention: as the cloud tells them, without secrets

Is every file as it was copied?    sha256sum -c SHA256SUMS
Open a recording without Lintel:   lintel member export-identity --camera ID > key.txt     (once; keep it as a door key)
                                   cd clips/ID; n=0; while [ -f $n.age ]; do age -d -i ../../key.txt $n.age; n=$((n+1)); done > recording.mp4
`;
}

interface Copied {
  readonly root: string;
  readonly clips: readonly ClipEntry[];
  readonly files: number;
  readonly faults: readonly Fault[];
}

function tell({ root, clips, files, faults }: Copied, terminal: Terminal): void {
  const whole = clips.length - faults.length;
  terminal.json({ folder: root, clips: whole, files, faults });
  terminal.say(`${whole} recordings, still sealed, and what the cloud knows: ${files} files in ${root}`);
  terminal.say("Each is what its camera signed. README.txt there says how to open them without Lintel.");
  if (faults.length === 0) return;
  for (const { clip, why } of faults) terminal.warn(`Clip ${clip}: ${why}`);
  throw new Refused(
    `${faults.length} of ${clips.length} recordings could not be copied whole; the others are there. The same command tries them again.`,
  );
}
