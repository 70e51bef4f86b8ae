import {
  cornersMax,
  cornersMin,
  defaultSensitivity,
  type Polygon,
  pictureScale,
  sensitivityMax,
  type Zone,
} from "../../../shared/charter/areas.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";

type Corner = Polygon[number];

/** `x,y x,y x,y` in per cent of the picture, to two decimals. A refusal says what is wrong and what would be right. */
export function parseMask(text: string): Result<Polygon, string> {
  return parseCorners(wordsOf(text));
}

/** As a mask, with `sensitivity=0…100` and `size=0…100%` wherever among the corners. */
export function parseZone(text: string): Result<Zone, string> {
  const words = wordsOf(text);
  const sensitivity = settingIn(words, "sensitivity", (value) => {
    const number = /^\d{1,3}$/.test(value) ? Number(value) : Number.NaN;
    return number <= sensitivityMax ? number : undefined;
  });
  if (!sensitivity.ok) return sensitivity;
  const size = settingIn(words, "size", parsePerCent);
  if (!size.ok) return size;
  const corners = parseCorners(words.filter((word) => !/^(sensitivity|size)=/.test(word)));
  if (!corners.ok) return corners;
  return ok({
    corners: corners.value,
    sensitivity: sensitivity.value ?? defaultSensitivity,
    sizeMin: size.value ?? 0,
  });
}

/** In the words that `parseMask` reads. */
export function maskText(mask: Polygon): string {
  return mask.map(({ x, y }) => `${x / 100},${y / 100}`).join(" ");
}

/** In the words that `parseZone` reads. */
export function zoneText({ corners, sensitivity, sizeMin }: Zone): string {
  const size = sizeMin === 0 ? "" : ` size=${sizeMin / 100}%`;
  return `${maskText(corners)} sensitivity=${sensitivity}${size}`;
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function settingIn(
  words: readonly string[],
  name: "sensitivity" | "size",
  parse: (value: string) => number | undefined,
): Result<number | undefined, string> {
  const [text, ...more] = words.filter((word) => word.startsWith(`${name}=`));
  if (more.length > 0) return refuse(`it gives ${name} twice`);
  if (text === undefined) return ok(undefined);
  const value = parse(text.slice(name.length + 1));
  const unit = name === "size" ? " per cent of the picture, with at most two decimals" : "";
  return value === undefined ? refuse(`${text}: it must be 0 to 100${unit}`) : ok(value);
}

function parseCorners(words: readonly string[]): Result<Polygon, string> {
  const corners: Corner[] = [];
  for (const word of words) {
    const [x, y, ...more] = word.split(",").map(parsePerCent);
    if (x === undefined || y === undefined || more.length > 0)
      return refuse(`"${word}" is no corner: it must be x,y, each 0 to 100 per cent, at most two decimals`);
    corners.push({ x, y });
  }
  if (corners.length < cornersMin || corners.length > cornersMax)
    return refuse(`it has ${corners.length} corners: it must be ${cornersMin} to ${cornersMax}`);
  const fault = crossingIn(corners);
  return fault === undefined ? ok(corners) : refuse(fault);
}

/** Ten-thousandths, from per cent. */
function parsePerCent(text: string): number | undefined {
  const [, whole, decimals = ""] = /^(\d{1,3})(?:\.(\d{1,2}))?%?$/.exec(text) ?? [];
  const value = Number(whole) * 100 + Number(decimals.padEnd(2, "0"));
  return value <= pictureScale ? value : undefined;
}

/**
 * Corners in the wrong order make edges that cross, and what lies inside is then not what was meant: a mask would leave parts
 * of it open. So that is refused here, before it is signed.
 */
function crossingIn(corners: Polygon): string | undefined {
  const edges: Edge[] = corners.map((from, i) => ({ from, to: corners[(i + 1) % corners.length] ?? from }));
  for (const [index, one] of edges.entries()) {
    const other = edges.slice(index + 1).find((later) => isAmiss(one, later));
    if (other !== undefined)
      return `its edges ${maskText([one.from, one.to])} and ${maskText([other.from, other.to])} cross or touch: give the corners in the order in which one walks round it`;
  }
  return undefined;
}

interface Edge {
  readonly from: Corner;
  readonly to: Corner;
}

/** Neighbours share a corner: there only an edge that runs back over the other is wrong. */
function isAmiss(a: Edge, b: Edge): boolean {
  if (a.to === b.from) return runsBack(a, b);
  return b.to === a.from ? runsBack(b, a) : meet(a, b);
}

function runsBack(before: Edge, after: Edge): boolean {
  return isOn(before, after.to) || isOn(after, before.from);
}

function meet(a: Edge, b: Edge): boolean {
  const apart = (edge: Edge, { from, to }: Edge): boolean => side(edge, from) * side(edge, to) < 0;
  if (apart(a, b) && apart(b, a)) return true;
  return isOn(a, b.from) || isOn(a, b.to) || isOn(b, a.from) || isOn(b, a.to);
}

/** Where a point lies as seen along an edge: -1 left, 0 on its line, 1 right. */
function side({ from, to }: Edge, { x, y }: Corner): number {
  return Math.sign((to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x));
}

function isOn(edge: Edge, point: Corner): boolean {
  const within = (value: number, a: number, b: number): boolean =>
    value >= Math.min(a, b) && value <= Math.max(a, b);
  const { from, to } = edge;
  return side(edge, point) === 0 && within(point.x, from.x, to.x) && within(point.y, from.y, to.y);
}
