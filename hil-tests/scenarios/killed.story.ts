import type { Prng } from "../../shared/kernel/prng.js";
import type { HouseWish, Part } from "../rig/rig.js";
import type { Story } from "../rig/story.js";
import type { Verbs } from "../rig/verbs.js";

/** How much is cut at random while clips are recorded and pushed. */
export interface Killing {
  readonly cuts: number;
  /** Presses that the camera took; each cuts a clip or prolongs the one that is being recorded. */
  readonly presses: number;
  readonly parts: readonly Part[];
}

const between = { cuts: [100, 2_500], presses: [3_000, 9_000], dark: [0, 1_500] } as const;

/** The same suffering for any parts, until there were enough cuts and presses; ends with everything in the vault. */
export function killed(
  { cuts, presses, parts }: Killing,
  told: Pick<Story, "name" | "row"> & Pick<HouseWish, "broker"> & { readonly brief?: true },
): Story {
  const { broker, ...rest } = told;
  return {
    ...rest,
    needs: ["power", "button"],
    house: { broker, preRoll: 2, postRoll: 3 },
    secondsMax: 120 + cuts * 12 + presses * 12,
    async run(verbs, chance) {
      let nextPress = 0;
      for (let cut = 0, taken = 0; cut < cuts || taken < presses; ) {
        await verbs.pass(chance.between(...between.cuts));
        if (verbs.now() >= nextPress && (await verbs.press())) {
          taken++;
          nextPress = verbs.now() + chance.between(...between.presses);
        } else if (cut < cuts && chance.next() < 0.7) {
          await cutOne(verbs, chance, parts);
          cut++;
        }
      }
      await verbs.press();
      verbs.expect((await verbs.expectInVault()) > 0, "there are clips");
    },
  };
}

async function cutOne(verbs: Verbs, chance: Prng, parts: readonly Part[]): Promise<void> {
  const part = parts[chance.between(0, parts.length)] ?? "camera";
  await verbs.cutPower(part);
  await verbs.pass(chance.between(...between.dark));
  await verbs.restorePower(part);
}

const all = ["camera", "cloud"] as const;

export const killedStories: readonly Story[] = [
  killed(
    { cuts: 2, presses: 2, parts: all },
    {
      name: "camera and cloud whose power is cut keep every clip between them",
      row: "cut-in-clip",
      broker: "embedded",
      brief: true,
    },
  ),
  killed(
    { cuts: 2, presses: 1, parts: ["broker"] },
    {
      name: "a broker of another make that is killed twice costs nothing",
      row: "broker-killed",
      broker: "external",
      brief: true,
    },
  ),
  killed(
    { cuts: 12, presses: 6, parts: ["camera"] },
    {
      name: "a camera whose power is cut at any moment keeps every clip, whole to the last 2 s",
      row: "cut-in-clip",
      broker: "embedded",
    },
  ),
  killed(
    { cuts: 8, presses: 4, parts: ["cloud"] },
    {
      name: "a cloud that is killed while it stores loses nothing and stores nothing twice",
      row: "ingest-killed",
      broker: "embedded",
    },
  ),
  killed(
    { cuts: 8, presses: 4, parts: ["broker"] },
    {
      name: "a broker that is killed while it acknowledges costs nothing",
      row: "broker-killed",
      broker: "external",
    },
  ),
  killed(
    { cuts: 9, presses: 4, parts: [...all, "broker"] },
    {
      name: "camera, cloud and broker killed at random lose nothing together",
      row: "cut-in-clip",
      broker: "external",
    },
  ),
];
