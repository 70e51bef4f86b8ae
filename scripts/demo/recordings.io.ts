import { execFile } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { fieldsOf } from "../cli/fields.js";
import { clipIdOf } from "../cli/member/clips.io.js";
import { openCloud } from "../cli/member/cloud.io.js";
import { download } from "../cli/member/download.io.js";
import { memberOpen } from "../cli/member/open.io.js";
import { type Places, quiet } from "./home.io.js";
import type { OpenedFile } from "./story.js";
import { stealCloud, tryToOpen } from "./thief.io.js";

/** Opens a clip as its owner does, with every check of `lintel member open`. */
export async function openAsOwner({ member, videos }: Places, clip: string): Promise<OpenedFile> {
  const out = join(videos, `${clip}.mp4`);
  let facts = { seconds: 0, segments: 0, trigger: "" };
  const terminal = quiet((value) => {
    const fields = fieldsOf(value, "opened clip");
    facts = {
      seconds: fields.number("seconds"),
      segments: fields.number("segments"),
      trigger: fields.text("trigger"),
    };
  });
  await memberOpen(member, { clip, out }, terminal);
  return { file: out, bytes: statSync(out).size, ...facts };
}

/** Tries to open a clip with nothing but what the cloud has. One line for the screen. */
export async function openAsThief(
  { member, cloud: directory, videos }: Places,
  clip: string,
): Promise<string> {
  const folder = join(videos, "stolen");
  const { sealed } = await download(openCloud(member), { clip: clipIdOf(clip), folder }, quiet());
  rmSync(folder, { recursive: true, force: true });
  const all = sealed.segments.map((segment) => segment.sealed).filter(({ length }) => length > 0);
  const files = [all.at(0), all.at(all.length / 2), all.at(-1)].filter((file) => file !== undefined);
  const loot = stealCloud(directory);
  const { withLoot, withFreshKey } = await tryToOpen(files, loot);
  if (withLoot + withFreshKey > 0)
    throw new Error(`the vault's bytes open without the member's key (clip ${clip})`);
  const megabytes = (loot.bytes / 1e6).toFixed(1);
  const keys = `the ${loot.identities.length} values in all that the cloud has (${loot.files} files, ${megabytes} MB)`;
  return `its first, middle and last segment open neither with a fresh key nor with any of ${keys} that could be a key`;
}

/** A picture from the middle of an opened clip. */
export async function takePicture(ffmpeg: string, { file, seconds }: OpenedFile): Promise<string> {
  const picture = file.replace(/\.mp4$/, ".jpg");
  const from = ["-v", "error", "-y", "-ss", (seconds / 2).toFixed(2), "-i", file];
  await promisify(execFile)(ffmpeg, [...from, "-frames:v", "1", "-q:v", "2", picture]);
  return picture;
}
