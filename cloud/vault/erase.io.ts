import { rm } from "node:fs/promises";
import { type Millis, millis } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { custodyDays, dayMillis, tombstoneDays } from "./clip.js";
import type { HeldOver } from "./holds.io.js";
import type { Rooms } from "./rooms.io.js";
import { removeSharesOf, sweepShares } from "./shares.io.js";
import type { ClipName } from "./shred.io.js";

/** Destroys clips. */
export interface VaultEraser {
  /**
   * Deletes a clip: when it resolves, its shred key is destroyed and late uploads are refused. `deletion` is a member's signed
   * note for the camera's own copy. Its camera, or `undefined` when there is no such clip.
   */
  erase(household: HouseholdId, id: ClipId, deletion?: string): Promise<CameraId | undefined>;
  /**
   * Ends what is past its retention, while the clock can be believed, and finishes what a crash left half done. A step that
   * fails keeps no other from being done; then it throws what failed.
   */
  sweep(): Promise<void>;
}

/** Bodies without a row, and parts without a new chunk, are removed after so long. */
const strayMillis = 24 * 60 * 60_000;
const expiredPerSweepMax = 10_000;

export function createEraser(rooms: Rooms): VaultEraser {
  const { records, shred, clock, turn, space } = rooms;
  const erase = async (clip: ClipName, deletion: string | null): Promise<CameraId | undefined> => {
    // Power lost after this: the clip is hidden and its key still there; the sweep at the next start destroys it.
    const buried = await records.bury(clip, clock.wall(), deletion);
    if (buried === undefined) return undefined;
    const camera = buried.camera as CameraId;
    if (buried.held === 0) await destroyed(rooms, { name: clip, camera, bytes: Number(buried.bytes) });
    await removeSharesOf(rooms, clip);
    return camera;
  };
  const endOld = async (now: Millis): Promise<void> => {
    await each({
      "old clips": async () => {
        for (const clip of await records.expired(rooms, now, expiredPerSweepMax))
          await turn(() => erase(clip, null));
      },
      "stray bodies": () => removeStrayBodies(rooms, now),
      "stray parts": () => removeStrayParts(rooms, now),
      "old events": () => records.forgetEvents(rooms, now),
      "old custody": () => records.forgetCustody(millis(now - custodyDays * dayMillis)),
      "old tombstones": () => records.forgetTombstones(millis(now - tombstoneDays * dayMillis)),
    });
  };
  return {
    erase: (household, id, deletion) => turn(() => erase({ household, id }, deletion ?? null)),
    async sweep() {
      const now = clock.wall();
      await each({
        "clips that no order keeps any more": () => endHeldOver(rooms),
        "stray keys": () => destroyStrayKeys(rooms),
        "shred log": () => turn(() => shred.cutLog()),
        "shared links": () => sweepShares(rooms, now),
        retention: async () => {
          if (await rooms.calendar.believes(now, await records.newestArrival())) await endOld(now);
        },
        "bytes stored": () => turn(async () => space.set(await records.bytesStored())),
      });
    },
  };
}

/** The key first, for good; then the bytes. */
async function destroyed({ shred, space, bodies }: Rooms, { name, camera, bytes }: HeldOver): Promise<void> {
  await shred.destroy([name]);
  space.add(name.household, -bytes);
  await bodies.removeClip(camera, name.id);
}

/** What the household deleted while an order kept it ends with the order. */
async function endHeldOver(rooms: Rooms): Promise<void> {
  for (const clip of await rooms.records.heldOver(expiredPerSweepMax))
    await rooms.turn(async () => {
      await rooms.records.forgetSegments(clip.name);
      await destroyed(rooms, clip);
    });
}

/** Every step, whatever becomes of those before it. Throws at the end what failed, by the step's name. */
async function each(steps: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const faults: string[] = [];
  for (const [name, step] of Object.entries(steps)) {
    await step().catch((error: unknown) => faults.push(`${name}: ${error}`));
  }
  if (faults.length > 0) throw new Error(faults.join("; "));
}

/**
 * Of a deletion that a crash interrupted; one that an order keeps has its segments still. A key whose clip has no row at all is kept: perhaps a first segment was never
 * committed, but perhaps `cloud.db` was lost or is an older backup, and then only this key opens the clip again.
 */
async function destroyStrayKeys({ records, shred, turn }: Rooms): Promise<void> {
  const isStray = async (clip: ClipName): Promise<boolean> => {
    const row = await records.clipRow(clip);
    return row !== undefined && row.deleted_at !== null && (await records.segmentsOf(clip)).length === 0;
  };
  for (const clip of await shred.all()) {
    if (!(await isStray(clip))) continue;
    // Again in turn: a commit may have begun this very clip in the meantime.
    await turn(async () => ((await isStray(clip)) ? shred.destroy([clip]) : undefined));
  }
}

/** Bodies that no row names. Those of a clip that has a key and no row stay, for the same reason as the key. */
async function removeStrayBodies({ records, bodies, shred }: Rooms, now: Millis): Promise<void> {
  const withKey = new Set<string>((await shred.all()).map(({ id }) => id));
  let names: ReadonlySet<string> = new Set();
  let clip = "";
  for await (const found of bodies.stored()) {
    if (now - found.changedAt < strayMillis) continue;
    if (found.clip !== clip) {
      clip = found.clip;
      names = new Set((await records.bodyNames(found.camera, clip)).map((name) => bodies.path(name)));
    }
    const rowLost = names.size === 0 && withKey.has(found.clip);
    if (!rowLost && !names.has(found.path)) await rm(found.path, { force: true });
  }
}

async function removeStrayParts({ bodies }: Rooms, now: Millis): Promise<void> {
  for (const camera of await bodies.camerasWithParts()) {
    for (const { idleSince, remove } of await bodies.partsOf(camera)) {
      if (now - idleSince > strayMillis) await remove();
    }
  }
}
