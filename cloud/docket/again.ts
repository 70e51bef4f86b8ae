/** Of what is open, that which the same person asked for in the same words: asked for again, it is the same one. */
export function askedBefore<State extends object, Course extends { readonly state: State }>(
  open: readonly Course[],
  wish: Partial<Record<keyof Course["state"], unknown>>,
): Course | undefined {
  const fields = Object.keys(wish) as (keyof Course["state"])[];
  return open.find(({ state }: { readonly state: Course["state"] }) =>
    fields.every((field) => JSON.stringify(state[field]) === JSON.stringify(wish[field])),
  );
}
