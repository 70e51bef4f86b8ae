import { type Fragment, rebase } from "../../shared/clip/fmp4.js";
import type { InitSegment } from "../../shared/clip/init.js";
import { manifestFragmentsMax } from "../../shared/clip/manifest.js";
import type { SegmentEnd } from "../../shared/clip/segment.js";
import type { TriggerKind } from "../../shared/clip/trigger.js";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../shared/kernel/ids.js";
import type { Cut, CutEffect, Cutter, OpenClip, Phase, Picture } from "./cutter.js";
import { type Arrived, emptyRing, type Moment } from "./ring.js";

interface Due {
  readonly clip: ClipId;
  readonly trigger: TriggerKind;
}

/** Opens a clip with these fragments, all but the newest being pre-roll. */
export function begin(
  cutter: Cutter,
  picture: Picture,
  { clip, trigger }: Due,
  arrived: readonly Arrived[],
  start: Moment,
): Cut {
  const { init } = picture;
  const origin = arrived[0]?.fragment.time ?? 0;
  const ticks = arrived.reduce((sum, { fragment }) => sum + fragment.duration, 0);
  const effects: CutEffect[] = [];
  for (const [i, second] of arrived.entries()) {
    const parts = partsOf({ origin, fragments: effects.length }, init, second);
    effects.push(...appended(clip, parts, { live: i === arrived.length - 1, end: "no" }));
  }
  const open: OpenClip = { id: clip, trigger, start, origin, ticks, fragments: effects.length };
  const last = arrived[arrived.length - 1];
  const left: Picture = { init, ring: emptyRing, ...(last === undefined ? {} : { last }) };
  return {
    cutter: { ...cutter, picture: left, phase: { kind: "recording", clip: open } },
    effects: [{ kind: "begin", clip, start, trigger, init }, ...effects],
  };
}

/** When the first frame was taken: pipes only delay, so the least delayed fragment says it best. */
export function startOf(arrived: readonly Arrived[], picture: Picture, now: Moment): Moment {
  const origin = arrived[0]?.fragment.time ?? 0;
  let monotonic: number = now.monotonic;
  for (const { fragment, at } of arrived) {
    const passed = millisOf(fragment.time + fragment.duration - origin, picture);
    monotonic = Math.min(monotonic, at.monotonic - passed);
  }
  const ago = now.monotonic - monotonic;
  return { wall: later(now.wall, -ago), monotonic: later(now.monotonic, -ago) };
}

/** The open clip takes the fragment in; where it would grow too long it ends, and the next begins with the fragment. */
export function append(cutter: Cutter, picture: Picture, clip: OpenClip, arrived: Arrived): Cut {
  const { fragment, at } = arrived;
  if (!fits(cutter, picture, clip, arrived)) {
    // Longer than the one before it, and so not foreseen.
    const ended: CutEffect = { kind: "end", clip: clip.id, end: "complete" };
    const due = followOn(cutter, picture, clip, at);
    const next = begin({ ...cutter, picture }, picture, due, [arrived], due.start);
    return { ...next, effects: [ended, ...next.effects] };
  }
  const parts = partsOf(clip, picture.init, arrived);
  const grown = { ...clip, ticks: clip.ticks + fragment.duration, fragments: clip.fragments + parts.length };
  const phase = phaseAfter(cutter, picture, grown, arrived);
  const end = phase.kind === "recording" ? "no" : "complete";
  return { cutter: { ...cutter, phase }, effects: appended(clip.id, parts, { live: true, end }) };
}

/** A second's fragments at their places in the clip: what was heard, then what was seen. */
function partsOf(
  { origin, fragments }: Pick<OpenClip, "origin" | "fragments">,
  init: InitSegment,
  { fragment, sound }: Arrived,
): readonly Fragment[] {
  const heard = sound === undefined ? [] : soundParts(sound, init, { origin, sequence: fragments + 1 });
  const sequence = fragments + 1 + heard.length;
  return [...heard, rebase(fragment, { origin, sequence })];
}

/** Nothing where it began before the clip's first picture: a time below 0 cannot be written. */
function soundParts(
  sound: Fragment,
  init: InitSegment,
  { origin, sequence }: { readonly origin: number; readonly sequence: number },
): readonly Fragment[] {
  const track = init.tracks.find(({ id }) => id === sound.track);
  if (track === undefined) return [];
  const begin = Math.floor((origin * track.timescale) / init.timescale);
  return sound.time < begin ? [] : [rebase(sound, { origin: begin, sequence })];
}

/** The picture is the second's last part: what is said of it holds for all. */
function appended(
  clip: ClipId,
  parts: readonly Fragment[],
  { live, end }: { readonly live: boolean; readonly end: SegmentEnd },
): readonly CutEffect[] {
  return parts.map((fragment, i): CutEffect => {
    const last = i === parts.length - 1;
    return { kind: "append", clip, fragment, live: live && last, end: last ? end : "no" };
  });
}

function phaseAfter(cutter: Cutter, picture: Picture, clip: OpenClip, arrived: Arrived): Phase {
  const { at } = arrived;
  const { postRoll, stuckMax } = cutter.settings;
  const wanted = cutter.active || at.monotonic < cutter.lastActive + postRoll;
  if (!wanted) return { kind: "idle" };
  if (at.monotonic - cutter.runSince >= stuckMax) return { kind: "muted" };
  if (!fits(cutter, picture, clip, arrived)) return followOn(cutter, picture, clip, at);
  return { kind: "recording", clip };
}

/** Whether the clip can grow by as much as this. */
function fits(cutter: Cutter, { init }: Picture, clip: OpenClip, { fragment, sound }: Arrived): boolean {
  const longest = cutter.settings.clipMax * init.timescale;
  const fragments = clip.fragments + (sound === undefined ? 1 : 2);
  return (clip.ticks + fragment.duration) * 1000 <= longest && fragments <= manifestFragmentsMax;
}

function followOn(cutter: Cutter, picture: Picture, clip: OpenClip, at: Moment) {
  const passed = millisOf(clip.ticks, picture);
  const start = { wall: later(clip.start.wall, passed), monotonic: later(clip.start.monotonic, passed) };
  const id = newClipId(at.wall, cutter.random);
  return { kind: "following", clip: id, trigger: clip.trigger, start } as const;
}

/** Whole milliseconds, never before the clock's zero: notes know no other times. */
function later(time: Millis, by: number): Millis {
  return millis(Math.max(0, Math.floor(time + by)));
}

function millisOf(ticks: number, { init }: Picture): number {
  return Math.floor((ticks * 1000) / init.timescale);
}
