import { test } from "tap";
import { breakable, day, openTown, type Town, turns } from "./town.js";
import { actSomehow, settleIn } from "./townsfolk.js";
import { Watch } from "./townwatch.js";

// All machines on one docket: people act at once and at any time, while the log is away, the disk full, and the power goes.

const walks = Number(process.env.LINTEL_WALKS ?? 100);
const first = Number(process.env.LINTEL_SEED ?? 1);
const rounds = 14;

test("whatever happens at once, each machine keeps to its rules, and to what it means for the others", async (t) => {
  const sums = new Map<string, number>();
  let steps = 0;
  for (let seed = first; seed < first + walks; seed++) {
    const town = await openTown(seed);
    const faults = await lived(town);
    if (faults.length > 0) t.fail(`seed ${seed}: ${[...new Set(faults)].join("; ")}`);
    const taken = await town.db.selectFrom("docket_step").select(["machine", "kind"]).execute();
    steps += taken.length;
    for (const { machine, kind } of taken) {
      const name = `${machine} ${kind}`;
      sums.set(name, (sums.get(name) ?? 0) + 1);
    }
    await town.close();
  }
  t.comment(
    `${walks} towns, ${steps} steps: ${[...sums]
      .map(([name, sum]) => `${sum} ${name}`)
      .sort()
      .join(", ")}`,
  );
  for (const name of [
    "agency suspended",
    "request frozen",
    "releases retrieved",
    "releases overdue",
    "emergency asked",
  ])
    t.ok(walks < 100 || sums.has(name), name);
});

async function lived(town: Town): Promise<readonly string[]> {
  const watch = new Watch(town);
  await settleIn(town);
  for (let round = 0; round < rounds && watch.faults.length === 0; round++) {
    await aRound(town, watch);
    await watch.look();
  }
  await town.breakTables([]);
  town.log.mode = "works";
  await settled(town);
  await watch.lookAtPeace();
  // Every deadline passes, in steps that are longer and shorter than each.
  for (const days of [0.1, 5, 15, 100, 30, 400, 400]) {
    town.pass(days * day);
    await settled(town);
    await watch.look();
  }
  await watch.lookAtTheEnd();
  return watch.faults;
}

/** Some act at once, and meanwhile something breaks or does not. */
async function aRound(town: Town, watch: Watch): Promise<void> {
  const { chance, log } = town;
  const people = Array.from({ length: chance.between(1, 6) }, () => actSomehow(town, watch));
  const works = Promise.allSettled(people);
  const isBad = chance.between(0, 3) === 0;
  const isPowerCut = isBad && chance.between(0, 2) === 0;
  if (isBad) {
    await turns(chance.between(0, 12));
    const failing = breakable.filter(() => isPowerCut || chance.between(0, 4) === 0);
    log.mode = isPowerCut
      ? "away"
      : ((["works", "away", "answers-get-lost"] as const)[chance.between(0, 3)] ?? "works");
    await town.breakTables(failing);
  }
  await works;
  if (isPowerCut) town.restart();
  // Some outages outlast what was under way.
  if (isBad && !isPowerCut && chance.between(0, 2) === 0) return;
  log.mode = "works";
  await town.breakTables([]);
}

/** What nobody waits for ends by itself; what a tick does may leave something for the next one. */
async function settled(town: Town): Promise<void> {
  await turns(20);
  for (let ticks = 0; ticks < 2; ticks++) await town.books().tick();
}
