// After the faults: all that is healed, and then everything must arrive.
import { advanceWall, elapsed } from "../edges/clockwork.js";
import type { Doorbell } from "./doorbell.js";
import { isNamed, isOnCard } from "./household.js";
import { OracleFailed } from "./oracles.js";
import { nameOf } from "./truth.js";
import type { World } from "./world.js";

const restMillisMax = 30 * 60_000;
const dayMillis = 25 * 60 * 60_000;
const quietMillis = 10_000;
/** Of a press: what came before it, what comes after, and its way to the vault. */
const lastClipMillis = 8_000;
const afterwardsMillis = 5_000;
const lookMillis = 250;

/** No fault any more: everything must arrive now. */
export function comeToRest(world: World): void {
  const { doorbells, cloud } = world;
  world.heal();
  for (const { machine } of [cloud, ...doorbells]) machine.cut = undefined;
  world.trace.note("world", "healed");
  // What a fault kept from its hurried batch is in the day's.
  if (world.course !== undefined) advanceWall(dayMillis);
  world.run(quietMillis);
  for (const doorbell of doorbells) doorbell.press();
  world.run(lastClipMillis);
  for (const until = elapsed() + restMillisMax; elapsed() < until && !isOver(world); ) world.run(lookMillis);
  for (const doorbell of doorbells) {
    const why = waiting(world, doorbell);
    if (why !== undefined)
      throw new OracleFailed("comes-to-rest", `${doorbell.machine.name} still waits: ${why}`);
  }
  if (!isOver(world))
    throw new OracleFailed("comes-to-rest", `${world.underWay} calls; ${world.course?.waiting ?? ""}`);
  world.run(afterwardsMillis);
}

function isOver(world: World): boolean {
  const { underWay, cloud, doorbells, course } = world;
  return (
    underWay === 0 &&
    cloud.parts !== undefined &&
    course?.rests !== false &&
    doorbells.every((doorbell) => waiting(world, doorbell) === undefined)
  );
}

/** What a camera still has to do; `undefined` when that is nothing. */
function waiting({ home }: World, doorbell: Doorbell): string | undefined {
  const { running, truth } = doorbell;
  if (running === undefined) return "it does not run";
  const undeleted = [...truth.deleted].find((clip) => isOnCard(doorbell, clip));
  if (undeleted !== undefined) return `it keeps ${undeleted}, which was deleted`;
  const { journal, uplink, house } = running;
  if (!isNamed(doorbell))
    return house.rules().mode === "off" ? undefined : "it records, though it was removed";
  if (house.version() !== home.charter.version) return `it follows charter ${house.version()}`;
  const [segments, events] = [journal.pending().length, journal.pendingEvents().length];
  const facts = { segments, events, troubles: uplink.troubles(), connected: uplink.isConnected() };
  if (journal.usage().unread) return "it has not read all that its card holds";
  return segments + events > 0 ? JSON.stringify(facts) : unsent(doorbell);
}

/** A segment that lies on the card, and nobody speaks of it. */
function unsent({ truth, disk }: Doorbell): string | undefined {
  for (const segment of truth.sealed.values()) {
    const { clip, index } = segment;
    const isThere = (suffix: string): boolean =>
      disk.find(`/state/journal/clips/${clip}/${index}.${suffix}`) !== undefined;
    // The power may have gone when the card had the receipt already.
    if (isThere("seg") && !isThere("done") && !truth.acknowledged.has(nameOf(segment)))
      return `it does not send ${nameOf(segment)}`;
  }
  return undefined;
}
