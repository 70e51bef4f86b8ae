import type { RigName } from "../../rig/rig.js";
import type { StoryRun } from "../../rig/run.js";
import type { Sample } from "../../rig/slope.js";
import { type RowId, table } from "../../rig/table.js";
import type { Measurement } from "../../rig/teller.js";

/** Tests beside the code that show a row where no story does. */
export interface ShownByTests {
  readonly row: RowId;
  readonly tests: number;
  /** Those that did not run or did not pass. */
  readonly unshown: readonly string[];
  readonly seconds: number;
}

/** What came of the soak, in the report's words. */
export interface Soaked {
  readonly minutes: number;
  readonly cameras: number;
  readonly faults: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  readonly why: string;
  readonly measurements: readonly Measurement[];
  readonly curves: readonly {
    readonly name: string;
    readonly unit: string;
    readonly samples: readonly Sample[];
  }[];
}

export interface Results {
  readonly at: string;
  readonly commit: string;
  readonly machine: string;
  readonly runs: readonly StoryRun[];
  readonly byTests: readonly ShownByTests[];
  readonly soaked: Soaked | undefined;
  /** What no rig can measure here, in a sentence each. */
  readonly remarks: readonly string[];
}

/** One line of the reliability table, as it came out. */
export interface RowResult {
  readonly id: RowId;
  readonly fault: string;
  readonly inject: string;
  readonly pass: string;
  readonly by: readonly Cell[];
  /** Why nothing shows it, or nothing was asked to this time. */
  readonly not: string;
}

export interface Cell {
  readonly rig: RigName | "tests";
  readonly verdict: "passed" | "failed" | "skipped";
  /** Faults injected, or tests run. */
  readonly tried: number;
  readonly lost: number;
  readonly twice: number;
}

export function rowsOf({ runs, byTests, soaked }: Results): readonly RowResult[] {
  return rowIds.map((id) => {
    const row = table[id];
    const told = runs.filter(({ story }) => story.row === id);
    const rigs = [...new Set(told.map(({ rig }) => rig))];
    const by = [
      ...rigs.map((rig) =>
        cellOf(
          rig,
          told.filter((run) => run.rig === rig),
        ),
      ),
      ...byTests.filter((one) => one.row === id).map(cellOfTests),
      ...(id === "soak" && soaked ? [cellOfSoak(soaked)] : []),
    ];
    const { fault, inject, pass } = row;
    const not = "notYet" in row ? row.notYet : by.length === 0 ? "not asked for in this run" : "";
    return { id, fault, inject, pass, by, not };
  });
}

const rowIds = Object.keys(table) as RowId[];

function cellOf(rig: RigName, runs: readonly StoryRun[]): Cell {
  const ran = runs.filter(({ verdict }) => verdict !== "skipped");
  const sum = (of: (run: StoryRun) => number): number => ran.reduce((total, run) => total + of(run), 0);
  const failed = ran.some(({ verdict }) => verdict === "failed");
  return {
    rig,
    verdict: failed ? "failed" : ran.length > 0 ? "passed" : "skipped",
    tried: sum(({ faults }) => faults),
    lost: sum(({ lost }) => lost.length),
    twice: sum(({ twice }) => twice.length),
  };
}

function cellOfTests({ tests, unshown }: ShownByTests): Cell {
  return {
    rig: "tests",
    verdict: unshown.length === 0 ? "passed" : "failed",
    tried: tests,
    lost: 0,
    twice: 0,
  };
}

function cellOfSoak({ why, faults, lost, twice }: Soaked): Cell {
  return {
    rig: "host",
    verdict: why === "" ? "passed" : "failed",
    tried: faults,
    lost: lost.length,
    twice: twice.length,
  };
}

export function countOf(results: Results): Readonly<Record<Cell["verdict"], number>> {
  const verdicts = [
    ...results.runs.map(({ verdict }) => verdict),
    ...results.byTests.map((one) => cellOfTests(one).verdict),
    ...(results.soaked ? [cellOfSoak(results.soaked).verdict] : []),
  ];
  const count = (wanted: Cell["verdict"]): number => verdicts.filter((verdict) => verdict === wanted).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}
