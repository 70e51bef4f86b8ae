import type { Millis } from "../../shared/kernel/brand.js";

/** A push button as its contact behaves: it bounces for milliseconds, and may stay down. */
export type Button =
  | { readonly kind: "up" }
  | { readonly kind: "down"; readonly since: Millis; readonly stuck: boolean }
  /** The contact opened a moment ago; if it closes again at once, it only bounced. */
  | { readonly kind: "opening"; readonly since: Millis; readonly stuck: boolean; readonly openedAt: Millis };

export type ButtonEvent = "down" | "up" | "tick";
export type ButtonEffect = "press" | "stuck" | "free";

/** An open contact this long is an open contact. */
export const bounceMillis = 50;
/** A button held this long is reported as stuck, once. */
export const stuckMillis = 30_000;

export const buttonUp: Button = { kind: "up" };

/** A press is told with its first edge, never later; what bounces or stays down is no second press. `now` is monotonic. */
export function stepButton(
  button: Button,
  event: ButtonEvent,
  now: Millis,
): { readonly button: Button; readonly effects: readonly ButtonEffect[] } {
  const opened = button.kind === "opening" && now - button.openedAt >= bounceMillis;
  if (opened) {
    const effects: readonly ButtonEffect[] = button.stuck ? ["free"] : [];
    const next = stepButton(buttonUp, event, now);
    return { button: next.button, effects: [...effects, ...next.effects] };
  }
  switch (event) {
    case "down":
      if (button.kind === "up")
        return { button: { kind: "down", since: now, stuck: false }, effects: ["press"] };
      return { button: { kind: "down", since: button.since, stuck: button.stuck }, effects: [] };
    case "up":
      if (button.kind !== "down") return { button, effects: [] };
      return { button: { ...button, kind: "opening", openedAt: now }, effects: [] };
    case "tick":
      if (button.kind !== "down" || button.stuck || now - button.since < stuckMillis)
        return { button, effects: [] };
      return { button: { ...button, stuck: true }, effects: ["stuck"] };
  }
}
