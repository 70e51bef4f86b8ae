import { listMax } from "./contract/common.js";

/** Courses on a page where nobody says otherwise. */
const coursesDefault = 50;

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/**
 * One page of a list that is small enough to be read whole. The cursor is a place in the list's order and not a count: what comes
 * or goes between two pages shows nothing twice and leaves nothing else out.
 */
export function pageOf<T>(
  all: readonly T[],
  placeOf: (item: T) => string,
  { limit = listMax, cursor }: PageQuery,
  order: "up" | "down" = "up",
): { readonly items: T[]; readonly rest: { readonly next?: string } } {
  const sign = order === "up" ? 1 : -1;
  const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -sign : sign);
  const after = cursor === undefined ? undefined : Buffer.from(cursor, "base64url").toString();
  const left = all
    .map((item) => ({ item, place: placeOf(item) }))
    .filter(({ place }) => after === undefined || compare(place, after) > 0)
    .sort((a, b) => compare(a.place, b.place));
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isMore = left.length > page.length && last !== undefined;
  const rest = isMore ? { next: Buffer.from(last.place).toString("base64url") } : {};
  return { items: page.map(({ item }) => item), rest };
}

/** One page of what the docket or a table keeps by falling id. */
export async function courseCursor<T extends { readonly id: string }>(
  { limit = coursesDefault, cursor }: PageQuery,
  list: (query: { readonly limit: number; readonly before?: string | undefined }) => Promise<readonly T[]>,
): Promise<{ readonly items: readonly T[]; readonly rest: { readonly next?: string } }> {
  const items = await list({ limit, before: cursor });
  const last = items.at(-1);
  return { items, rest: items.length === limit && last !== undefined ? { next: last.id } : {} };
}

/** The newest first. */
export function newestFirst<T extends { readonly id: string; readonly madeAt: string }>(
  all: readonly T[],
  query: PageQuery,
) {
  return pageOf(all, ({ madeAt, id }) => `${madeAt} ${id}`, query, "down");
}
