// What befalls a world: each by its name, at moments that chance picks.
import { on, within } from "../edges/clockwork.js";
import { setDatabaseFull } from "../edges/sqlite.js";
import type { Doorbell } from "./doorbell.js";
import type { FaultName } from "./drawn.js";
import { forge } from "./hostile.js";
import { connectTwin } from "./twin.js";
import type { World } from "./world.js";

/** Durable writes that may pass before a cut that was decided on. */
const writesMax = 40;

/** False where there was nothing to befall. */
export const befall: Readonly<Record<FaultName, (world: World) => boolean>> = {
  partition({ weather, chance, doorbells, cloud, trace }) {
    const machine = chance.next() < 0.3 ? cloud.machine : oneOf(doorbells, chance).machine;
    weather.cutOff.add(machine);
    trace.note(machine.name, "cut off");
    on(undefined, chance.between(1_000, 90_000), () => weather.cutOff.delete(machine));
    return true;
  },
  cameraPower(world) {
    return cutSoon(world, oneOf(world.doorbells, world.chance));
  },
  cameraKill({ doorbells, chance, trace }) {
    const doorbell = oneOf(doorbells, chance);
    if (!doorbell.machine.on) return false;
    trace.note(doorbell.machine.name, "killed");
    doorbell.kill();
    return true;
  },
  cloudPower(world) {
    return cutSoon(world, world.cloud);
  },
  cloudKill({ cloud, trace }) {
    if (!cloud.machine.on) return false;
    trace.note("cloud", "killed");
    cloud.kill();
    return true;
  },
  brokerRestart(world) {
    if (!world.drawn.ownBroker) return false;
    world.trace.note("broker", "restarted");
    world.restartBroker();
    return true;
  },
  cardFull({ chance, doorbells, trace }) {
    const { disk, machine } = oneOf(doorbells, chance);
    disk.capacity = disk.used + chance.between(0, 20_000);
    trace.note(machine.name, "card full");
    on(undefined, chance.between(5_000, 60_000), () => {
      disk.capacity = Number.POSITIVE_INFINITY;
      trace.note(machine.name, "card has room");
    });
    return true;
  },
  cloudFull({ chance, cloud, trace }) {
    cloud.disk.capacity = cloud.disk.used + chance.between(0, 100_000_000);
    setDatabaseFull(chance.next() < 0.5 ? 0.2 : 0);
    trace.note("cloud", "disk full");
    on(undefined, chance.between(5_000, 40_000), () => {
      cloud.disk.capacity = Number.POSITIVE_INFINITY;
      setDatabaseFull(0);
      trace.note("cloud", "disk has room");
    });
    return true;
  },
  cardFails({ chance, doorbells, trace }) {
    const { disk, machine } = oneOf(doorbells, chance);
    disk.failing = 0.2;
    trace.note(machine.name, "card fails");
    on(undefined, chance.between(2_000, 20_000), () => {
      disk.failing = 0;
    });
    return true;
  },
  cardRot({ chance, doorbells, trace }) {
    const { disk, machine, truth } = oneOf(doorbells, chance);
    const sealed = [...disk.files()].filter(
      ({ path, file }) => path.endsWith(".seg") && file.bytes.length > 0,
    );
    const waiting = sealed.filter(({ path }) => {
      const [index = "", clip = ""] = path
        .replace(/[.]seg$/, "")
        .split("/")
        .reverse();
      return !truth.acknowledged.has(`${clip}/${index}`);
    });
    if (sealed.length === 0) return false;
    const { path, file } = oneOf(waiting.length > 0 ? waiting : sealed, chance);
    disk.flip(file, chance.between(0, file.bytes.length));
    trace.note(machine.name, "bit rot", { path });
    return true;
  },
  clockStep({ chance, doorbells, drawn, trace }) {
    const { machine } = oneOf(doorbells, chance);
    // An agency asks for a window of time: a world in which it does keeps its clocks.
    if (drawn.releases) return false;
    machine.clockOff += chance.between(-400, 400) * hourMillis;
    trace.note(machine.name, "clock stepped", { off: machine.clockOff });
    return true;
  },
  hostileCloud(world) {
    const doorbell = oneOf(world.doorbells, world.chance);
    for (let lie = 0; lie < liesTotal; lie++) on(undefined, lie * lieMillis, () => tellLie(world, doorbell));
    return true;
  },
  twin(world) {
    const doorbell = oneOf(world.doorbells, world.chance);
    connectTwin(world, doorbell);
    return true;
  },
};

const liesTotal = 20;
const lieMillis = 1_000;

function tellLie(world: World, doorbell: Doorbell): void {
  const { broker, trace } = world;
  const lie = broker.machine.on ? forge(world, doorbell) : undefined;
  if (lie === undefined) return;
  trace.note("cloud", "lies", { to: doorbell.machine.name, about: lie.what });
  within(broker.machine, () => broker.deliver(doorbell.identity.camera, { ...lie, retain: false }));
}

const hourMillis = 60 * 60_000;

function oneOf<T>(list: readonly T[], chance: Pick<World["chance"], "between">): T {
  const found = list[chance.between(0, list.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
}

/** The power goes at one of the next durable writes, and comes back after a while. */
function cutSoon({ chance, trace }: World, what: Doorbell | World["cloud"]): boolean {
  const { machine } = what;
  if (!machine.on || machine.cut !== undefined) return false;
  machine.cut = { left: chance.between(1, writesMax), persisted: chance.next() < 0.5 };
  const back = chance.between(1_000, 30_000);
  machine.onCut = () => {
    machine.onCut = () => undefined;
    trace.note(machine.name, "power cut");
    on(undefined, 0, () => what.cutPower());
    on(undefined, back, () => {
      trace.note(machine.name, "power back");
      what.restorePower();
    });
  };
  return true;
}
