import { createHash } from "node:crypto";
import { elapsed } from "../edges/clockwork.js";

/** What happened in a world: all of it goes into one hash, what a person wants to know of it into the story. */
export interface Trace {
  note(who: string, what: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Into the hash only. */
  mark(text: string): void;
  hash(): string;
  /** The newest lines, oldest first. */
  story(): readonly string[];
}

const storyLinesMax = 4_000;
/** Lines that say nothing of why: they are many. */
const quiet = /^(journal\.stored|clip\.sealed|segment\.stored|uplink\.acknowledged)$/;

export function newTrace(): Trace {
  const sum = createHash("sha256");
  const lines: string[] = [];
  return {
    note(who, what, fields = {}) {
      const line = `${clockText(elapsed())} ${who} ${what} ${wordsOf(fields)}`.trimEnd();
      sum.update(line);
      if (quiet.test(what)) return;
      lines.push(line);
      if (lines.length > 2 * storyLinesMax) lines.splice(0, storyLinesMax);
    },
    mark: (text) => void sum.update(`${elapsed()} ${text}`),
    hash: () => sum.copy().digest("hex").slice(0, 16),
    story: () => lines,
  };
}

function wordsOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" ");
}

function clockText(millis: number): string {
  const seconds = Math.floor(millis / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return `${minutes}:${`${rest}`.padStart(2, "0")}.${`${Math.floor(millis % 1000)}`.padStart(3, "0")}`;
}
