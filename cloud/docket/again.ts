import type { Kept } from "./docket.io.js";

/** Of what is open, that which the same person asked for in the same words: asked for again, it is the same one. */
export function askedBefore<State extends object>(
  open: readonly Kept<State>[],
  wish: Partial<Record<keyof State, unknown>>,
): Kept<State> | undefined {
  const fields = Object.keys(wish) as (keyof State)[];
  return open.find(({ state }) =>
    fields.every((field) => JSON.stringify(state[field]) === JSON.stringify(wish[field])),
  );
}
