import { fieldsOf } from "../cli/fields.js";
import { openCloud } from "../cli/member/cloud.io.js";
import type { ServerEvent } from "../cli/member/sse.js";
import { watchEvents } from "../cli/member/watch.io.js";
import { type Places, quiet } from "./home.io.js";
import type { LogEvent } from "./program.io.js";
import type { StoryEvent } from "./story.js";

/** What camera and cloud say of clips, as the story's events. */
export interface Follower {
  /** For the camera's log. */
  onLog(event: LogEvent): void;
  /** Resolves when the camera has sealed the first segment. */
  readonly moved: Promise<void>;
  /** The next clip that is whole in the vault; each once, in order. */
  nextEnded(): Promise<string>;
  /** Never resolves; rejects when the cloud's live stream cannot be followed. */
  readonly watching: Promise<never>;
}

export function followClips({ member }: Places, tell: (event: StoryEvent) => void): Follower {
  const ended: string[] = [];
  let wake = (): void => undefined;
  let open = "";
  /** Why the next clip was cut. A clip that follows on from a full one has no trigger of its own. */
  let trigger: string | undefined;
  let move = (): void => undefined;
  const moved = new Promise<void>((resolve) => {
    move = resolve;
  });

  const onSealed = (clip: string, bytes: number, last: boolean): void => {
    if (clip !== open) tell({ kind: "trigger", clip, trigger: trigger ?? "motion" });
    open = clip;
    if (last) trigger = undefined;
    tell({ kind: "sealed", clip, bytes, last });
    move();
  };
  const onStream = ({ event, data }: ServerEvent): void => {
    if (event !== "clip.segment" && event !== "clip.ended") return;
    const fields = fieldsOf(JSON.parse(data), event);
    const clip = fields.text("clip");
    if (event === "clip.segment") tell({ kind: "pushed", clip, bytes: fields.number("bytes") });
    else ended.push(clip);
    wake();
  };
  return {
    moved,
    watching: watchEvents(openCloud(member), quiet(), onStream),
    onLog({ event, fields }) {
      if (event === "trigger") trigger ??= fields.text("kind");
      if (event === "clip.sealed")
        onSealed(fields.text("clipId"), fields.number("bytes"), fields.text("end") !== "no");
      if (event === "uplink.acknowledged") tell({ kind: "acknowledged", clip: fields.text("clip") });
    },
    async nextEnded() {
      for (;;) {
        const clip = ended.shift();
        if (clip !== undefined) return clip;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
