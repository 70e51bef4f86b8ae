/** What the demo shows of one clip, in the order in which it happens. */
export interface ClipStory {
  readonly clip: string;
  readonly trigger: string | undefined;
  readonly sealedSegments: number;
  readonly sealedBytes: number;
  readonly pushedBytes: number;
  /** Segments whose signed receipt the camera has. */
  readonly acknowledged: number;
  /** The camera has closed the clip. */
  readonly closed: boolean;
  readonly opened: OpenedFile | undefined;
}

export interface OpenedFile {
  readonly file: string;
  /** As the camera signed it; until then the display can only guess. */
  readonly trigger: string;
  readonly seconds: number;
  readonly bytes: number;
  readonly segments: number;
}

export interface Story {
  /** What runs: cloud, ffmpeg, camera. */
  readonly setting: readonly string[];
  readonly clips: readonly ClipStory[];
}

export type StoryEvent =
  | { readonly kind: "setting"; readonly line: string }
  | { readonly kind: "trigger"; readonly clip: string; readonly trigger: string }
  | { readonly kind: "sealed"; readonly clip: string; readonly bytes: number; readonly last: boolean }
  | { readonly kind: "pushed"; readonly clip: string; readonly bytes: number }
  | { readonly kind: "acknowledged"; readonly clip: string }
  | { readonly kind: "opened"; readonly clip: string; readonly opened: OpenedFile };

export const emptyStory: Story = { setting: [], clips: [] };

export function tell(story: Story, event: StoryEvent): Story {
  if (event.kind === "setting") return { ...story, setting: [...story.setting, event.line] };
  const known = story.clips.some(({ clip }) => clip === event.clip);
  const clips = known ? story.clips : [...story.clips, newClip(event.clip)];
  return { ...story, clips: clips.map((clip) => (clip.clip === event.clip ? goOn(clip, event) : clip)) };
}

function newClip(clip: string): ClipStory {
  const nothing = { sealedSegments: 0, sealedBytes: 0, pushedBytes: 0, acknowledged: 0 };
  return { clip, trigger: undefined, ...nothing, closed: false, opened: undefined };
}

function goOn(clip: ClipStory, event: Exclude<StoryEvent, { kind: "setting" }>): ClipStory {
  switch (event.kind) {
    case "trigger":
      return { ...clip, trigger: event.trigger };
    case "sealed":
      return {
        ...clip,
        sealedSegments: clip.sealedSegments + 1,
        sealedBytes: clip.sealedBytes + event.bytes,
        closed: clip.closed || event.last,
      };
    case "pushed":
      return { ...clip, pushedBytes: clip.pushedBytes + event.bytes };
    case "acknowledged":
      return { ...clip, acknowledged: clip.acknowledged + 1 };
    case "opened":
      return { ...clip, trigger: event.opened.trigger, opened: event.opened };
  }
}

/** One line for a clip, as the live display shows it. */
function lineOf(clip: ClipStory): string {
  const { trigger, closed, sealedSegments, sealedBytes, pushedBytes, acknowledged, opened } = clip;
  const name = `clip …${clip.clip.slice(-6)}  ${(trigger ?? "").padEnd(6)}`;
  if (opened !== undefined) {
    const { file, seconds, bytes, segments } = opened;
    return `${name}  opened and verified: ${seconds.toFixed(1)} s, ${megabytes(bytes)}, ${segments} segments → ${file}`;
  }
  const percent =
    sealedBytes === 0 ? 0 : Math.floor((100 * Math.min(pushedBytes, sealedBytes)) / sealedBytes);
  const state = closed ? "closed   " : "recording";
  const sealed = `sealed ${sealedSegments} segments (${megabytes(sealedBytes)})`;
  return `${name}  ${state}  ${sealed}, pushed ${percent} %, acknowledged ${acknowledged}/${sealedSegments}`;
}

export function linesOf(story: Story): readonly string[] {
  return [...story.setting, ...story.clips.map(lineOf)];
}

/** What is worth a line where lines cannot be redrawn. */
export function plainLine(story: Story, event: StoryEvent): string | undefined {
  if (event.kind === "setting") return event.line;
  const clip = story.clips.find((one) => one.clip === event.clip);
  return clip !== undefined && counts(clip, event.kind) ? lineOf(clip) : undefined;
}

function counts({ sealedSegments, acknowledged, closed }: ClipStory, kind: StoryEvent["kind"]): boolean {
  switch (kind) {
    case "sealed":
      return closed || sealedSegments === 1;
    case "acknowledged":
      return acknowledged === 1 || (closed && acknowledged === sealedSegments);
    case "opened":
      return true;
    default:
      return false;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
