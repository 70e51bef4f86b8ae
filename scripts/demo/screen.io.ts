import logUpdate from "log-update";
import { emptyStory, lineOf, linesOf, type Story, type StoryEvent, tell } from "./story.js";

/** Shows the story as it goes: redrawn in place on a terminal, a line for each step elsewhere. */
export interface Screen {
  tell(event: StoryEvent): void;
  story(): Story;
  /** The last picture stays; what is said next follows it. */
  close(): void;
}

export function openScreen(): Screen {
  const live = process.stdout.isTTY === true;
  let story = emptyStory;
  return {
    story: () => story,
    tell(event) {
      story = tell(story, event);
      if (live) logUpdate(linesOf(story).join("\n"));
      else process.stdout.write(`${plainLine(story, event)}\n`);
    },
    close() {
      if (live) logUpdate.done();
    },
  };
}

function plainLine(story: Story, event: StoryEvent): string {
  if (event.kind === "setting") return event.line;
  const clip = story.clips.find((one) => one.clip === event.clip);
  return clip === undefined ? "" : `${event.kind.padEnd(12)} ${lineOf(clip)}`;
}
