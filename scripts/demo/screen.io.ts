import logUpdate from "log-update";
import { emptyStory, linesOf, plainLine, type StoryEvent, tell } from "./story.js";

/** Shows the story as it goes: redrawn in place on a terminal, a line for each step that counts elsewhere. */
export interface Screen {
  tell(event: StoryEvent): void;
  /** The last picture stays; what is told later is not shown. */
  close(): void;
}

export function openScreen(): Screen {
  const live = process.stdout.isTTY === true;
  let story = emptyStory;
  let closed = false;
  return {
    tell(event) {
      if (closed) return;
      story = tell(story, event);
      const line = plainLine(story, event);
      if (live) logUpdate(linesOf(story).join("\n"));
      else if (line !== undefined) process.stdout.write(`${line}\n`);
    },
    close() {
      if (live && !closed) logUpdate.done();
      closed = true;
    },
  };
}
