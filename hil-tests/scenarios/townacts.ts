import type { OfficerId } from "../../shared/kernel/ids.js";
import { operators, type Town } from "./town.js";
import type { Watch } from "./townwatch.js";

// How chance picks what somebody does in a town.

/** How often each is done, beside the others. */
export type Acts = readonly (readonly [number, Act])[];

export type Act = (town: Town, watch: Watch) => Promise<unknown>;

/** There is nothing that could be done so. */
export const nobodyThere = Symbol("nobody there");

export const oneOf = <T>({ chance }: Town, ...all: readonly T[]): T => {
  const one = all[chance.between(0, all.length)];
  if (one === undefined) throw new Error("one of none");
  return one;
};
export const operator = (town: Town): OfficerId => oneOf(town, ...operators);

/** A course of this machine that chance picks; `undefined` where there is none. */
export async function some(
  town: Town,
  machine: string,
  ...kinds: readonly string[]
): Promise<string | undefined> {
  let select = town.db.selectFrom("docket").select("id").where("machine", "=", machine);
  if (kinds.length > 0) select = select.where("kind", "in", kinds);
  const rows = await select.orderBy("id").execute();
  return rows.length === 0 ? undefined : oneOf(town, ...rows).id;
}

/** Something is done about one that is there, mostly one at this stage. */
export const about =
  <Id extends string>(
    [machine, ...kinds]: readonly [string, ...string[]],
    act: (town: Town, id: Id, watch: Watch) => Promise<unknown>,
  ): Act =>
  async (town, watch) => {
    const id = await some(town, machine, ...(town.chance.between(0, 8) > 0 ? kinds : []));
    return id === undefined ? nobodyThere : act(town, id as Id, watch);
  };
