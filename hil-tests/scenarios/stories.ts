import type { Story } from "../rig/story.js";
import { killedStories } from "./killed.story.js";

/** Every story there is; a file of stories adds its list here. */
export const stories: readonly Story[] = [...killedStories];
