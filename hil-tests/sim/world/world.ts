// One world: a cloud, a broker, a household with its cameras, and what befalls them. Everything in it follows from the seed.

import { millis } from "../../../shared/kernel/brand.js";
import { type Prng, seededPrng } from "../../../shared/kernel/prng.js";
import {
  countEvents,
  elapsed,
  newMachine,
  on,
  powerOff,
  powerOn,
  reset,
  runUntil,
  setSlowDisk,
  wallNow,
  within,
} from "../edges/clockwork.js";
import { newDisk, resetDisks } from "../edges/disk.js";
import { setFootage } from "../edges/lens.js";
import { calm, resetNetwork, setWeather, tap, type Weather } from "../edges/network.js";
import { resetDatabases, setDatabaseFull } from "../edges/sqlite.js";
import { TestAuthority } from "./authority.js";
import { type Relay, SimBroker } from "./broker.js";
import { Cloud } from "./cloud.js";
import { Doorbell } from "./doorbell.js";
import { type Drawn, draw } from "./drawn.js";
import { LogWatch } from "./logwatch.js";
import { checkAcknowledged, checkPayload, onceOnly } from "./oracles.js";
import { at, Home, newPerson } from "./people.js";
import { newTrace, type Trace } from "./trace.js";
import { Truth } from "./truth.js";

const limitBytes = 64 * 1024 * 1024;
const startMillisMax = 60_000;
const logMillis = 1_000;
/** A minute and a half. */
const shortDays = 1 / 960;

interface Answering {
  begin(): void;
  charterChanged(): void;
  readonly rests: boolean;
  readonly waiting: string;
}

export class World {
  readonly chance: Prng;
  readonly drawn: Drawn;
  readonly trace: Trace;
  readonly weather: Weather;
  readonly relay: Relay = { loss: 0, duplicate: 0, reorderMillis: 0 };
  readonly authority: TestAuthority;
  readonly cloud: Cloud;
  readonly broker: SimBroker;
  readonly home: Home;
  readonly doorbells: readonly Doorbell[];
  /** Calls that the cloud has not answered yet. */
  underWay = 0;
  charterUnderWay = false;
  /** Clips that were released: their owner keeps them. */
  readonly released = new Set<string>();
  healed = false;
  vaultKey = "";
  /** What an agency and the owners have under way. */
  course: Answering | undefined;
  readonly logWatch = new LogWatch();
  private fault: unknown;

  /** `choose` says what kind of world it is; a world of its own where none is wanted. */
  constructor(seed: number, choose: (chance: Prng) => Drawn = draw, trace = newTrace()) {
    this.chance = seededPrng(seed);
    this.trace = trace;
    reset(seededPrng(seed ^ 0x5eed));
    resetDisks();
    resetNetwork();
    resetDatabases();
    this.drawn = choose(this.chance);
    this.weather = calm();
    setWeather(this.weather);
    setFootage(this.drawn.footage);
    this.authority = new TestAuthority();
    this.cloud = this.newCloud();
    this.broker = this.newBroker();
    this.cloud.broker = this.broker;
    this.watchLines();
    this.home = this.newHome();
    this.doorbells = Array.from({ length: this.drawn.cameras }, (_, at) =>
      this.newDoorbell(`camera-${at + 1}`),
    );
    this.boot();
    this.watchLog();
  }

  /** The newest certificate of a camera. */
  readonly passportOf = (camera: string): string => {
    const own = [...this.authority.passports].filter(([, passport]) => passport.camera === camera);
    return own.at(-1)?.[0] ?? "";
  };

  private watchLog(): void {
    const { cloud, logWatch } = this;
    const look = this.guard(() => cloud.parts && cloud.machine.on && logWatch.look(cloud.parts));
    const again = (): void => {
      on(undefined, logMillis, () => {
        look();
        again();
      });
    };
    again();
  }

  /** What an oracle found is thrown here, wherever it was found. */
  failed(error: unknown): void {
    this.fault ??= error;
  }

  run(forMillis: number, done: () => boolean = () => false): void {
    runUntil(elapsed() + forMillis, () => this.fault !== undefined || done());
    if (this.fault !== undefined) throw this.fault;
  }

  /** Runs until an answer is there. */
  settled<T>(begin: (done: (value: T) => void) => void, what: string): T {
    let answer: { readonly value: T } | undefined;
    begin((value) => {
      answer = { value };
    });
    this.run(startMillisMax, () => answer !== undefined);
    if (answer === undefined) throw new Error(`${what} has no answer after ${startMillisMax} ms`);
    return answer.value;
  }

  startFaults(): void {
    const { drawn, weather, relay } = this;
    weather.stall = drawn.stall;
    weather.delayMillis.most = drawn.delayMost;
    if (drawn.ownBroker) Object.assign(relay, drawn.relay);
    setSlowDisk(drawn.slowDisk);
  }

  heal(): void {
    const { weather, relay } = this;
    weather.stall = 0;
    weather.delayMillis.most = 40;
    weather.cutOff.clear();
    Object.assign(relay, { loss: 0, duplicate: 0, reorderMillis: 0 });
    setSlowDisk(0);
    setDatabaseFull(0);
    for (const { disk, machine } of [this.cloud, ...this.doorbells]) {
      // A camera whose certificate ended by every clock but its own is turned away until its clock is right.
      machine.clockOff = 0;
      disk.failing = 0;
      disk.capacity = Number.POSITIVE_INFINITY;
    }
    this.healed = true;
  }

  get events(): number {
    return countEvents();
  }

  private guard<Values extends readonly unknown[]>(
    check: (...values: Values) => void,
  ): (...values: Values) => void {
    return (...values) => {
      try {
        check(...values);
      } catch (error) {
        this.failed(error);
      }
    };
  }

  private newCloud(): Cloud {
    const { trace, relay, authority } = this;
    const announced = this.guard(onceOnly());
    const certify = async (camera: string, tlsKey: Uint8Array): Promise<string> =>
      authority.certify(camera as never, tlsKey);
    return new Cloud({ trace, relay, announced, certify });
  }

  private newBroker(): SimBroker {
    const { trace, relay, cloud, authority } = this;
    const machine = this.drawn.ownBroker ? newMachine("broker") : cloud.machine;
    if (this.drawn.ownBroker) {
      newDisk(machine);
      powerOn(machine);
    }
    return new SimBroker({ trace, relay, machine, passports: authority.passports });
  }

  restartBroker(): void {
    const { machine } = this.broker;
    powerOff(machine);
    this.broker.restart();
    powerOn(machine);
  }

  private watchLines(): void {
    tap(
      this.guard((to, packet) => {
        if (packet.kind !== "publish") return this.trace.mark(`${to.machine.name} ${packet.kind}`);
        const { topic, payload } = packet.message;
        this.trace.mark(`${to.machine.name} ${topic} ${payload.length}`);
        checkPayload(payload, `on its way to ${to.machine.name}`);
      }),
    );
  }

  private newHome(): Home {
    let home: Home | undefined;
    within(undefined, () => {
      const names = ["Ada", "Bo"].slice(0, this.drawn.owners);
      void Promise.all(names.map((name) => newPerson("owner", name))).then((owners) => {
        home = new Home(owners, at(wallNow()));
      });
    });
    if (home === undefined) throw new Error("a household is made in one turn");
    return home;
  }

  private newDoorbell(name: string): Doorbell {
    const truth = new Truth();
    const onAcknowledged = this.guard((doorbell: Doorbell, segment: string) =>
      checkAcknowledged(this.cloud, doorbell, segment),
    );
    const { trace, authority, drawn } = this;
    const renew = ({ camera, tlsPublicKey }: Doorbell["identity"]): string =>
      authority.certify(camera, tlsPublicKey);
    return new Doorbell(name, { trace, truth, limitBytes, drawn, onAcknowledged, renew });
  }

  private boot(): void {
    this.cloud.boot();
    this.run(startMillisMax, () => this.cloud.parts !== undefined);
    this.vaultKey = this.cloud.parts?.vault.writer.vaultKey ?? "";
  }

  /** Household and cameras, as an installer leaves them. */
  enrol(): void {
    const { cloud, home, doorbells, authority, vaultKey } = this;
    const first = home.chain[0];
    if (first === undefined) throw new Error("a household begins with a charter");
    this.settled((done) => cloud.ask(({ charters }) => charters.register(first), done), "the registration");
    const lines = this.settled<readonly Awaited<ReturnType<Home["lineOf"]>>[]>((done) => {
      on(undefined, 0, () => void Promise.all(doorbells.map((doorbell) => home.lineOf(doorbell))).then(done));
    }, "the cameras' lines");
    const signed = home.next({ cameras: lines, issued: millis(wallNow()) });
    this.settled(
      (done) => cloud.ask(({ charters }) => charters.append(home.id, signed, []), done),
      "the charter",
    );
    const days = this.drawn.shortCertificates ? shortDays : undefined;
    for (const doorbell of doorbells) {
      const { camera, tlsPublicKey } = doorbell.identity;
      doorbell.enrol([signed], authority.certify(camera, tlsPublicKey, days), authority.pem, vaultKey);
      doorbell.disk.syncAll();
      doorbell.boot();
    }
  }
}
