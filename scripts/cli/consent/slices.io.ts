import { join } from "node:path";
import type { ClipId } from "../../../shared/kernel/ids.js";
import type { ReleasedClip } from "../../../shared/release/authorisation.js";
import { type Slice, slice, type Wish } from "../../../shared/release/slice.js";
import { nativeHashOf } from "../../../shared/seal/native.io.js";
import { makePrivateFolder, writeDurably } from "../disk.io.js";
import { openVerified } from "../member/open.io.js";
import { Refused } from "../refused.js";
import type { Owner } from "./owner.io.js";

/** A part of a clip that was opened and verified here, as it would be released. */
export interface OpenedSlice extends Slice {
  readonly camera: string;
  /** Seconds of the clip that are left out. */
  readonly secondsKept: number;
  /** The clip has sound that is left out. */
  readonly soundKept: boolean;
}

/** Opens a clip here and cuts out what is wished. Refuses where nothing of it lies there. */
export async function cut({ cloud, terminal }: Owner, clip: ClipId, wish: Wish): Promise<OpenedSlice> {
  const { recording, camera, forget } = await openVerified(cloud, clip, terminal);
  const part = slice(recording.clip, wish, nativeHashOf);
  if (part === undefined)
    throw new Refused(`Nothing of clip ${clip} lies within what is asked for. Leave it out.`);
  forget();
  const { released } = part;
  const seconds = (released.to - released.from) / 1_000;
  const hasSound = recording.clip.fragments.some(({ track }) => track !== recording.clip.init.track);
  return {
    ...part,
    camera: camera.name,
    secondsKept: Math.max(0, recording.seconds - seconds),
    soundKept: hasSound && !released.audio,
  };
}

/** The same part once more, from the vault: what was authorised, byte for byte. */
export async function cutAgain(owner: Owner, released: ReleasedClip): Promise<OpenedSlice> {
  const { clip, first, last, audio } = released;
  const again = await cut(owner, clip, { first, last, audio });
  const fields = Object.keys(released) as (keyof ReleasedClip)[];
  const differs = fields.find((field) => again.released[field] !== released[field]);
  if (differs !== undefined)
    throw new Refused(
      `Clip ${clip} is not the one that was authorised: its ${differs} differs. Nothing was signed or sent.`,
    );
  return again;
}

/** Writes what would be released, to be watched, and says what is left out. Returns the files. */
export function preview(
  { terminal }: Owner,
  folder: string,
  parts: readonly OpenedSlice[],
): readonly string[] {
  makePrivateFolder(folder);
  return parts.map(({ released, mp4, camera, secondsKept, soundKept }) => {
    const file = join(folder, `${released.clip}.mp4`);
    writeDurably(file, mp4);
    const times = [released.from, released.to].map((at) => new Date(at).toISOString());
    const left = [
      secondsKept > 0.05 ? `${secondsKept.toFixed(1)} s of it` : undefined,
      soundKept ? "its sound" : undefined,
    ].filter((what) => what !== undefined);
    terminal.say(`  ${camera}, ${times.join(" to ")}, ${released.audio ? "with" : "without"} sound`);
    terminal.say(`    left out: ${left.join(" and ") || "nothing"}; watch it: ${file}`);
    return file;
  });
}
