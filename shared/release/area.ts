/**
 * A stretch of land: corners in hundred-thousandths of a degree (about a metre), WGS 84, latitude from -9 000 000, longitude from
 * -18 000 000. What is inside: even-odd. None crosses the date line or holds a pole.
 */
export type Area = readonly Place[];

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

const scale = 100_000;
const areaCornersMin = 3;
export const areaCornersMax = 64;
const metresPerDegree = 111_320;
/** Two hundredths of a degree, in the area's units: some two kilometres. */
const cellSide = 2_000;

/** `latitude,longitude` of each corner, by semicolons. */
export function formatArea(area: Area): string {
  return area.map(formatPlace).join(";");
}

export function formatPlace({ latitude, longitude }: Place): string {
  return `${latitude},${longitude}`;
}

export function parseArea(text: string): Area | undefined {
  const corners = text.split(";").map(parsePlace);
  const whole = corners.filter((corner) => corner !== undefined);
  if (whole.length < corners.length || whole.length < areaCornersMin || whole.length > areaCornersMax)
    return undefined;
  return whole;
}

export function parsePlace(text: string): Place | undefined {
  const [latitude, longitude, ...more] = text.split(",").map(parseInteger);
  if (latitude === undefined || longitude === undefined || more.length > 0) return undefined;
  const onEarth = Math.abs(latitude) <= 90 * scale && Math.abs(longitude) <= 180 * scale;
  return onEarth ? { latitude, longitude } : undefined;
}

/** From degrees, as people write them: `48.8566, 2.3522`. */
export function parseDegrees(text: string): Place | undefined {
  const [latitude = "", longitude = "", ...more] = text.split(",").map((part) => part.trim());
  const number = /^-?\d{1,3}(\.\d{1,9})?$/;
  if (more.length > 0 || !number.test(latitude) || !number.test(longitude)) return undefined;
  return parsePlace([latitude, longitude].map((part) => `${Math.round(Number(part) * scale)}`).join(","));
}

export function formatDegrees({ latitude, longitude }: Place): string {
  return `${(latitude / scale).toFixed(5)}, ${(longitude / scale).toFixed(5)}`;
}

/** In square metres, on a sphere flattened at the area's middle: exact to a few thousandths for anything a request may name. */
export function squareMetres(area: Area): number {
  const stretch = Math.cos((middleOf(area).latitude / scale) * (Math.PI / 180));
  const doubled = area.reduce((sum, { latitude, longitude }, at) => {
    // unreached: each place of an outline has a next one
    const next = area[(at + 1) % area.length] ?? { latitude, longitude };
    return sum + longitude * next.latitude - next.longitude * latitude;
  }, 0);
  return (Math.abs(doubled) / 2) * stretch * (metresPerDegree / scale) ** 2;
}

/** How far it reaches from south to north or from west to east, the larger of both, in metres. */
export function spanMetres(area: Area): number {
  const reach = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const stretch = Math.cos((middleOf(area).latitude / scale) * (Math.PI / 180));
  const [north, east] = [
    reach(area.map(({ latitude }) => latitude)),
    reach(area.map(({ longitude }) => longitude)),
  ];
  return (Math.max(north, east * stretch) * metresPerDegree) / scale;
}

/** Whether it turns one way only, all around: no spike reaches for a single house, and no part counts against another. */
export function isConvex(area: Area): boolean {
  const turns = area.map((from, at) => {
    // unreached: each place of an outline has a next one
    const to = area[(at + 1) % area.length] ?? from;
    // unreached: each place of an outline has a next one
    return sideOf({ from, to }, area[(at + 2) % area.length] ?? from);
  });
  return turns.every((turn) => turn !== 0 && turn === turns[0]) && !crossesItself(area);
}

/** Whether no edge meets another but its neighbour, and it encloses something: what is inside has one answer. */
export function isOutline(area: Area): boolean {
  return !crossesItself(area) && squareMetres(area) > 0;
}

function crossesItself(area: Area): boolean {
  // unreached: each place of an outline has a next one
  const edges = area.map((from, at) => ({ from, to: area[(at + 1) % area.length] ?? from }));
  return edges.some((one, at) =>
    edges.some((other, place) => {
      const areNeighbours = place === at + 1 || (at === 0 && place === edges.length - 1);
      return place > at && !areNeighbours && meet(one, other);
    }),
  );
}

interface Edge {
  readonly from: Place;
  readonly to: Place;
}

function meet(one: Edge, other: Edge): boolean {
  const [a, b] = [sideOf(one, other.from), sideOf(one, other.to)];
  const [c, d] = [sideOf(other, one.from), sideOf(other, one.to)];
  if (a === 0 && b === 0) return overlap(one, other);
  return a * b <= 0 && c * d <= 0;
}

/** 1 to the one side of the edge, -1 to the other, 0 on its line. */
function sideOf({ from, to }: Edge, place: Place): number {
  return Math.sign(
    (to.longitude - from.longitude) * (place.latitude - from.latitude) -
      (to.latitude - from.latitude) * (place.longitude - from.longitude),
  );
}

function overlap(one: Edge, other: Edge): boolean {
  const shares = (pick: (place: Place) => number): boolean =>
    Math.max(pick(one.from), pick(one.to)) >= Math.min(pick(other.from), pick(other.to)) &&
    Math.max(pick(other.from), pick(other.to)) >= Math.min(pick(one.from), pick(one.to));
  return shares(({ latitude }) => latitude) && shares(({ longitude }) => longitude);
}

export function middleOf(area: Area): Place {
  const mean = (pick: (place: Place) => number): number =>
    Math.round(area.reduce((sum, place) => sum + pick(place), 0) / area.length);
  return { latitude: mean(({ latitude }) => latitude), longitude: mean(({ longitude }) => longitude) };
}

export function contains(area: Area, { latitude, longitude }: Place): boolean {
  let inside = false;
  for (const [at, a] of area.entries()) {
    // unreached: each place of an outline has a next one
    const b = area[(at + 1) % area.length] ?? a;
    const straddles = a.latitude > latitude !== b.latitude > latitude;
    if (!straddles) continue;
    const crossing =
      a.longitude + ((latitude - a.latitude) * (b.longitude - a.longitude)) / (b.latitude - a.latitude);
    if (longitude < crossing) inside = !inside;
  }
  return inside;
}

/** Whether no corner of one lies outside the other: enough for a territory, which is much larger than an area. */
export function liesWithin(area: Area, territory: Area): boolean {
  return area.every((corner) => contains(territory, corner));
}

/** The coarse cells that an area touches, by name; two areas that share none lie apart. */
export function cellsOf(area: Area): readonly string[] {
  const rows = span(area.map(({ latitude }) => latitude));
  const columns = span(area.map(({ longitude }) => longitude));
  return rows.flatMap((row) => columns.map((column) => `${row}/${column}`));
}

function span(values: readonly number[]): readonly number[] {
  const from = Math.floor(Math.min(...values) / cellSide);
  const to = Math.floor(Math.max(...values) / cellSide);
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function parseInteger(text: string): number | undefined {
  return /^(0|-?[1-9][0-9]{0,8})$/.test(text) ? Number(text) : undefined;
}
