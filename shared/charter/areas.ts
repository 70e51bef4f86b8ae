import { parseDecimal } from "../seal/fields.js";

/** Corners in ten-thousandths of the picture's width and height, from its upper left corner. What is inside: even-odd. */
export type Polygon = readonly { readonly x: number; readonly y: number }[];

/**
 * Where motion counts. Without zones it counts everywhere, at the default sensitivity. Where zones overlap, 0 wins, then the
 * more sensitive. Outside of them no motion counts; but if all have sensitivity 0, everything outside does.
 */
export interface Zone {
  readonly corners: Polygon;
  /** From 0, where motion never counts, to 100, where the least does. */
  readonly sensitivity: number;
  /** Objects smaller than this do not count: ten-thousandths of the picture's area. */
  readonly sizeMin: number;
}

/** Coordinates and sizes run from 0 to this. */
export const pictureScale = 10_000;
export const sensitivityMax = 100;
export const defaultSensitivity = 50;
/** Masks a camera can be told to paint. */
export const masksMax = 16;
/** Zones a camera can be told to watch. */
export const zonesMax = 16;
/** Corners of one mask or zone. */
export const cornersMin = 3;
export const cornersMax = 32;

export function formatMasks(masks: readonly Polygon[]): string {
  return masks.map(formatPolygon).join("/") || "none";
}

export function parseMasks(text: string): readonly Polygon[] | undefined {
  return text === "none" ? [] : parseEach(text, parsePolygon, masksMax);
}

/** No zones are written `whole`: then the whole picture is watched. */
export function formatZones(zones: readonly Zone[]): string {
  return zones.map(formatZone).join("/") || "whole";
}

export function parseZones(text: string): readonly Zone[] | undefined {
  return text === "whole" ? [] : parseEach(text, parseZone, zonesMax);
}

function formatZone({ corners, sensitivity, sizeMin }: Zone): string {
  return `${formatPolygon(corners)}:${sensitivity}:${sizeMin}`;
}

function parseZone(text: string): Zone | undefined {
  const [polygon = "", sensitivityText = "", sizeText = "", ...more] = text.split(":");
  const corners = parsePolygon(polygon);
  const sensitivity = parseUpTo(sensitivityText, sensitivityMax);
  const sizeMin = parseUpTo(sizeText, pictureScale);
  if (corners === undefined || sensitivity === undefined || sizeMin === undefined) return undefined;
  return more.length === 0 ? { corners, sensitivity, sizeMin } : undefined;
}

function formatPolygon(corners: Polygon): string {
  return corners.map(({ x, y }) => `${x},${y}`).join(";");
}

function parsePolygon(text: string): Polygon | undefined {
  const corners = parseEach(text, parseCorner, cornersMax, ";");
  return corners !== undefined && corners.length >= cornersMin ? corners : undefined;
}

function parseCorner(text: string): Polygon[number] | undefined {
  const [x, y, ...more] = text.split(",").map((part) => parseUpTo(part, pictureScale));
  return x !== undefined && y !== undefined && more.length === 0 ? { x, y } : undefined;
}

function parseUpTo(text: string, max: number): number | undefined {
  const value = parseDecimal(text);
  return value !== undefined && value <= max ? value : undefined;
}

function parseEach<T>(
  text: string,
  parse: (part: string) => T | undefined,
  max: number,
  separator = "/",
): readonly T[] | undefined {
  const parts = text.split(separator).map(parse);
  const valid = parts.filter((part) => part !== undefined);
  return valid.length === parts.length && valid.length <= max ? valid : undefined;
}
