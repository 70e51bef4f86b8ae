import type { Story } from "../rig/story.js";
import { diskStories } from "./disk.story.js";
import { doorStories } from "./door.story.js";
import { killedStories } from "./killed.story.js";
import { lineStories } from "./line.story.js";

/** Every story there is; a file of stories adds its list here. */
export const stories: readonly Story[] = [...killedStories, ...lineStories, ...diskStories, ...doorStories];
