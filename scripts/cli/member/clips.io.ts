import { type ClipId, isCameraId, isClipId } from "../../../shared/kernel/ids.js";
import { counted } from "../counted.js";
import { type Fields, UnexpectedAnswer } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";

/** More clips than a household can have. */
export const clipsMax = 1_000_000;

const pageMax = 100;
/** Pages without a clip, one after the other, that a cloud may show: more of them never end. */
const emptyPagesMax = 100;

/** A clip as the cloud lists it. */
export interface ClipEntry {
  readonly id: ClipId;
  readonly camera: string;
  readonly recordedAt: string;
  readonly state: "recording" | "complete" | "interrupted";
  readonly segments: number;
  readonly bytes: number;
  readonly hasThumbnail: boolean;
  readonly trigger?: string | undefined;
  readonly kept: boolean;
}

export interface ClipsOptions {
  readonly limit: number;
  readonly camera?: string;
  readonly trigger?: "press" | "motion";
  /** When the trigger came, RFC 3339; `to` is excluded. */
  readonly from?: string;
  readonly to?: string;
}

/** Newest first. */
export async function memberClips(folder: string, options: ClipsOptions, terminal: Terminal): Promise<void> {
  if (options.camera !== undefined) refuseNoCamera(options.camera);
  let shown = 0;
  for await (const clip of listClips(openCloud(folder), options)) {
    terminal.json(clip);
    terminal.say(lineOf(clip));
    shown++;
  }
  const { camera, trigger, from, to } = options;
  const filtered = [camera, trigger, from, to].some((filter) => filter !== undefined);
  if (shown === 0) terminal.say(filtered ? "No such clips." : "No clips yet.");
}

/** Follows `next` whatever a page holds: an empty one may stand before a full one. */
export async function* listClips(
  cloud: Pick<Cloud, "get">,
  { limit, camera, trigger, from, to }: ClipsOptions,
): AsyncGenerator<ClipEntry> {
  let cursor: string | undefined;
  let emptyPages = 0;
  for (let left = limit; left > 0; ) {
    const query = queryOf({ limit: `${Math.min(left, pageMax)}`, camera, trigger, from, to, cursor });
    const page = await cloud.get(`/v1/clips?${query}`);
    const clips = page.list("clips", readClip).slice(0, left);
    yield* clips;
    left -= clips.length;
    emptyPages = clips.length === 0 ? emptyPages + 1 : 0;
    if (emptyPages > emptyPagesMax) throw new UnexpectedAnswer("the list of clips does not end");
    const next = page.maybeText("next");
    if (next === undefined || next === cursor) return;
    cursor = next;
  }
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return query;
}

function lineOf({ id, camera, recordedAt, state, segments, bytes, ...rest }: ClipEntry): string {
  const { trigger, hasThumbnail, kept } = rest;
  const size = `${counted(segments, "segment")}, ${(bytes / 1e6).toFixed(1)} MB`;
  const words = [trigger, state, size, hasThumbnail && "picture", kept && "kept"];
  return `${id}  ${recordedAt}  ${camera}  ${words.filter(Boolean).join(", ")}`;
}

function readClip(fields: Fields): ClipEntry {
  const id = fields.text("id");
  if (!isClipId(id)) throw new UnexpectedAnswer(`the clip id ${id} is not one`);
  return {
    id,
    ...readClipHead(fields),
    recordedAt: fields.text("recordedAt"),
    segments: fields.number("segments"),
    bytes: fields.number("bytes"),
    hasThumbnail: fields.maybeFlag("hasThumbnail") ?? false,
    trigger: fields.maybeText("trigger"),
    kept: fields.maybeFlag("kept") ?? false,
  };
}

export function readClipHead(fields: Fields): Pick<ClipEntry, "camera" | "state"> {
  const state = fields.text("state");
  if (state !== "recording" && state !== "complete" && state !== "interrupted")
    throw new UnexpectedAnswer(`the clip's state ${state} is not one`);
  return { camera: fields.text("camera"), state };
}

function refuseNoCamera(text: string): void {
  if (!isCameraId(text))
    throw new Refused(`"${text}" is not a camera's id. "lintel member cameras" lists them.`);
}

export function clipIdOf(text: string): ClipId {
  if (isClipId(text)) return text;
  throw new Refused(`"${text}" is not a clip id. "lintel member clips" lists them.`);
}
