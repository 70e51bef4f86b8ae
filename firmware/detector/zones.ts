import type { Polygon, Zone } from "../../shared/charter/areas.js";
import { cellShift, cellSize } from "./grid.js";

/** What each cell asks of an object in it: made once, read in every frame. */
export interface CellRules {
  /** 1 where the picture is looked at. */
  readonly watched: Uint8Array;
  /** 0 to 100. */
  readonly sensitivity: Uint8Array;
  /** In pixels. */
  readonly sizeMin: Uint16Array;
}

export interface RulesSettings {
  readonly width: number;
  readonly height: number;
  readonly zones: readonly Zone[];
  /** Painted over: not even looked at, for motion and for light. */
  readonly ignore: readonly Polygon[];
}

/** As without zones; at 100 half the evidence, half the way and half the size are enough. */
const usualSensitivity = 50;
const whole = 10_000;
const mostPixels = 0xffff;

export function createRules({ width, height, zones, ignore }: RulesSettings): CellRules {
  const wide = (width + cellSize - 1) >> cellShift;
  const high = (height + cellSize - 1) >> cellShift;
  const outside = zones.some(({ sensitivity }) => sensitivity > 0) ? 0 : usualSensitivity;
  const rules = {
    watched: new Uint8Array(wide * high).fill(1),
    sensitivity: new Uint8Array(wide * high).fill(outside),
    sizeMin: new Uint16Array(wide * high),
  };
  for (let cell = 0; cell < wide * high; cell++) {
    const row = (cell / wide) | 0;
    const x = middleOf(cell - row * wide, width);
    const y = middleOf(row, height);
    const zone = strictest(zones, x, y);
    if (zone !== undefined) {
      rules.sensitivity[cell] = Math.min(zone.sensitivity, 100);
      rules.sizeMin[cell] = Math.min(mostPixels, ((width * height * zone.sizeMin) / whole) | 0);
    }
    if (ignore.some((polygon) => contains(polygon, x, y))) rules.watched[cell] = 0;
  }
  return rules;
}

/** How much it takes in a zone, in hundredths of the usual; outside of all zones the usual. */
export function demandOf(sensitivity: number): number {
  if (sensitivity === 0) return 100;
  return sensitivity >= usualSensitivity ? 150 - sensitivity : 300 - 4 * sensitivity;
}

/** Of a cell, in ten-thousandths of the picture. */
function middleOf(cell: number, size: number): number {
  return Math.min(whole - 1, (((cell * cellSize + cellSize / 2) * whole) / size) | 0);
}

function strictest(zones: readonly Zone[], x: number, y: number): Zone | undefined {
  let found: Zone | undefined;
  for (const zone of zones) {
    if (!contains(zone.corners, x, y)) continue;
    if (zone.sensitivity === 0) return zone;
    if (found === undefined || zone.sensitivity > found.sensitivity) found = zone;
  }
  return found;
}

/** Even-odd rule, in whole numbers only, so that every engine agrees. */
function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  let from = polygon[polygon.length - 1];
  for (const to of polygon) {
    if (from !== undefined && to.y > y !== from.y > y) {
      const cross = (to.x - from.x) * (y - from.y) - (x - from.x) * (to.y - from.y);
      if (cross > 0 === to.y > from.y) inside = !inside;
    }
    from = to;
  }
  return inside;
}
