import { type Millis, millis } from "../../shared/kernel/brand.js";
import { Problem } from "./problems.js";

/** Of an order about one camera's recordings: longer ones would be about a life, not about an incident. */
const orderedDaysMax = 31;
const dayMillis = 24 * 60 * 60_000;

/** The window of an order, from the API's texts. */
export function orderedWindow({ from, to }: { readonly from: string; readonly to: string }): {
  readonly from: Millis;
  readonly to: Millis;
} {
  const window = { from: millis(Date.parse(from)), to: millis(Date.parse(to)) };
  const length = window.to - window.from;
  if (length > 0 && length <= orderedDaysMax * dayMillis) return window;
  throw new Problem("window-too-wide");
}
