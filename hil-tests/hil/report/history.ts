import type { Measurement } from "../../rig/teller.js";
import type { Results } from "./results.js";

/** Figures of one story or the soak, of one run. A line of the history's file. */
export interface Remembered {
  readonly at: string;
  readonly commit: string;
  readonly rig: string;
  readonly story: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** Runs that are looked back upon. */
const lookBack = 30;

export function remember({ at, commit, runs, soaked }: Results): readonly Remembered[] {
  const soak = soaked && { at, commit, rig: "host", story: "soak", figures: figuresOf(soaked.measurements) };
  return [
    ...runs
      .filter(({ measurements }) => measurements.length > 0)
      .map(({ rig, story, measurements }) => ({
        at,
        commit,
        rig,
        story: story.name,
        figures: figuresOf(measurements),
      })),
    ...(soak ? [soak] : []),
  ];
}

/** Of several of one name the worst, that is the largest. */
function figuresOf(measurements: readonly Measurement[]): Readonly<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const { name, value } of measurements) figures[name] = Math.max(figures[name] ?? value, value);
  return figures;
}

/** Earlier values of a figure, the oldest first. */
export function earlier(
  history: readonly Remembered[],
  { rig, story, name }: { readonly rig: string; readonly story: string; readonly name: string },
): readonly number[] {
  return history
    .filter((one) => one.rig === rig && one.story === story)
    .flatMap(({ figures }) => (figures[name] === undefined ? [] : [figures[name]]))
    .slice(-lookBack);
}

/** Lines that cannot be read are passed over: the history is no reason to fail. */
export function parseHistory(text: string): readonly Remembered[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isRemembered(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

function isRemembered(value: unknown): value is Remembered {
  return (
    typeof value === "object" &&
    value !== null &&
    "story" in value &&
    "rig" in value &&
    "figures" in value &&
    typeof value.figures === "object" &&
    value.figures !== null &&
    Object.values(value.figures).every((figure) => typeof figure === "number")
  );
}
