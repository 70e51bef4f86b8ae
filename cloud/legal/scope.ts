import type { Millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";

export const processTypes = ["subpoena", "court-order", "warrant"] as const;
export type ProcessType = (typeof processTypes)[number];

/** One line of legal process: what it asks for. */
export interface ProcessItem {
  readonly data: "metadata" | "content";
  /** Absent where the line names a household, an account or an area instead. */
  readonly camera?: CameraId;
  readonly from?: Millis;
  readonly to?: Millis;
  /** The line says by itself that the camera stands indoors. */
  readonly indoor: boolean;
  /** Where the camera stands, by its household's charter; absent where this cloud does not know it. */
  readonly place?: "outdoor" | "indoor";
}

/** Why a line reaches nothing. */
export type ItemFault =
  | "no-camera-and-window"
  | "window-too-wide"
  | "subpoena-reaches-no-content"
  | "indoor-not-named";

const windowMillisMax = 31 * 24 * 60 * 60_000;

/** Type × data × camera × window: `undefined` where the line reaches what it names. */
export function match(
  type: ProcessType,
  { data, camera, from, to, indoor, place }: ProcessItem,
): ItemFault | undefined {
  if (camera === undefined || from === undefined || to === undefined || to <= from)
    return "no-camera-and-window";
  if (to - from > windowMillisMax) return "window-too-wide";
  if (type === "subpoena" && data === "content") return "subpoena-reaches-no-content";
  return place === "indoor" && !indoor ? "indoor-not-named" : undefined;
}
