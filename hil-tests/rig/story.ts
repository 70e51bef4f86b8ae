import type { Prng } from "../../shared/kernel/prng.js";
import type { Capability, HouseWish } from "./rig.js";
import type { RowId } from "./table.js";
import type { Verbs } from "./verbs.js";

/** One story, told once, for every rig that can. */
export interface Story {
  /** A true sentence about what holds. */
  readonly name: string;
  /** The row of the reliability table that it proves. */
  readonly row: RowId;
  readonly needs: readonly Capability[];
  readonly house: HouseWish;
  /** Longer than it ever takes; of the rig's own time. */
  readonly secondsMax: number;
  /** Runs in `npm test`, too. */
  readonly brief?: true;
  run(verbs: Verbs, chance: Prng): Promise<void>;
}
