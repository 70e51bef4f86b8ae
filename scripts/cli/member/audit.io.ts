import type { Terminal } from "../terminal.io.js";
import { clipIdOf } from "./clips.io.js";
import { openCloud } from "./cloud.io.js";

const pageMax = 100;

export interface AuditOptions {
  readonly limit: number;
  readonly clip?: string;
}

/** Who did what to which recording, newest first, as the cloud noted it. */
export async function memberAudit(
  folder: string,
  { limit, clip }: AuditOptions,
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const { charters } = await cloud.household();
  const names = new Map<string, string>(
    charters.flatMap(({ members }) => members.map(({ id, name }) => [id, name] as const)),
  );
  const query = new URLSearchParams(clip === undefined ? {} : { clip: clipIdOf(clip) });
  let left = limit;
  for (let cursor: string | undefined; left > 0; ) {
    query.set("limit", `${Math.min(left, pageMax)}`);
    if (cursor !== undefined) query.set("cursor", cursor);
    const page = await cloud.get(`/v1/audit?${query}`);
    const entries = page.list("entries", (fields) => ({
      at: fields.text("at"),
      act: fields.text("act"),
      clip: fields.text("clip"),
      camera: fields.text("camera"),
      member: fields.text("member"),
    }));
    for (const entry of entries) {
      terminal.json({ ...entry, name: names.get(entry.member) });
      terminal.say(
        `${entry.at}  ${doer(names.get(entry.member) ?? entry.member, entry.act)}  clip ${entry.clip}  camera ${entry.camera}`,
      );
    }
    left -= entries.length;
    const next = page.maybeText("next");
    if (next === undefined || next === cursor || entries.length === 0) break;
    cursor = next;
  }
  if (left === limit) terminal.say("Nobody has looked at anything yet.");
}

/** Who opens a link is somebody whom the member chose, and whom nobody knows by name. */
function doer(name: string, act: string): string {
  return act === "seen-by-link" ? `somebody with a link of ${name}  opened` : `${name}  ${act}`;
}
