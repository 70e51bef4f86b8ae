import type { OpenTarget, Target } from "../target.js";
import { clientTargets } from "./client.js";
import { clipTargets } from "./clip.js";
import { householdTargets } from "./household.js";
import { openHttp } from "./http.js";
import { logTargets } from "./log.js";
import { noteTargets } from "./notes.js";
import { sealedTargets } from "./sealed.js";
import { openBoardSocket } from "./socket.js";
import { wireTargets } from "./wire.js";

/** A target by its name; what it needs is started only where it is fuzzed. */
export interface Opener {
  readonly name: string;
  readonly about: string;
  readonly open: () => Promise<OpenTarget>;
}

const parsers: readonly Target[] = [
  ...wireTargets,
  ...clipTargets,
  ...noteTargets,
  ...householdTargets,
  ...logTargets,
  ...sealedTargets,
  ...clientTargets,
];

const listeners: readonly Opener[] = [
  { name: "http", about: "every route of the API", open: openHttp },
  { name: "board-socket", about: "the lines of the doorbell's socket", open: openBoardSocket },
];

/** Every parser that meets foreign bytes. */
export const targets: readonly Opener[] = [
  ...parsers.map(({ name, about, ...rest }) => ({
    ...{ name, about },
    open: async () => ({ name, about, ...rest, close: async () => undefined }),
  })),
  ...listeners,
];
