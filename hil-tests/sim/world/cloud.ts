// The cloud: its own parts, wired as `cloud/main.ts` wires them, without the HTTP API, on a machine whose power can go.

import { openCasework } from "../../../cloud/casework.io.js";
import { openDatabase } from "../../../cloud/database.io.js";
import { createCameraDirectory } from "../../../cloud/household/cameras.io.js";
import { enterOldCharters } from "../../../cloud/household/charterlog.io.js";
import { createCharters } from "../../../cloud/household/charters.io.js";
import { createModes } from "../../../cloud/household/modes.io.js";
import { type Ingest, startIngest } from "../../../cloud/ingest/ingest.io.js";
import type { Announcement } from "../../../cloud/ingest/ports.js";
import { openPublicLog, type PublicLog } from "../../../cloud/tlog/publiclog.io.js";
import { openVault, type Vault } from "../../../cloud/vault/vault.io.js";
import { floorPolicy } from "../../../shared/release/floor.js";
import { later, newMachine, on, powerOff, powerOn, prng, setRepeating, within } from "../edges/clockwork.js";
import { type Disk, newDisk, PowerLost } from "../edges/disk.js";
import { settleDatabases } from "../edges/sqlite.js";
import { type Relay, type SimBroker, SimBus } from "./broker.js";
import { clock, random } from "./doorbell.js";
import type { Trace } from "./trace.js";

type Database = Awaited<ReturnType<typeof openDatabase>>;

const restartMillis = 3_000;
const tickMillis = 20_000;
const vaultBytesMax = 2 ** 40;

export interface CloudOptions {
  readonly trace: Trace;
  readonly relay: Relay;
  readonly certify: (camera: string, tlsKey: Uint8Array) => Promise<string>;
  readonly announced: (announcement: Announcement) => void;
}

export type Parts = Awaited<ReturnType<Cloud["open"]>>;

export class Cloud {
  readonly machine = newMachine("cloud");
  readonly disk: Disk = newDisk(this.machine);
  broker: SimBroker | undefined;
  /** While it runs. */
  parts: Parts | undefined;
  private readonly options: CloudOptions;

  constructor(options: CloudOptions) {
    this.options = options;
    powerOn(this.machine);
  }

  readonly log = (event: string, fields: Readonly<Record<string, unknown>>): void =>
    this.options.trace.note("cloud", event, fields);

  boot(): void {
    const { machine } = this;
    within(machine, () => {
      this.open().then(
        (parts) => {
          if (machine.on) this.parts = parts;
          this.log("ready", {});
        },
        (error: unknown) => {
          if (error instanceof PowerLost || !machine.on) return;
          this.log("start.failed", { why: String(error) });
          later(restartMillis, () => this.boot());
        },
      );
    });
  }

  cutPower(): void {
    powerOff(this.machine);
    this.down();
  }

  restorePower(): void {
    this.disk.settle(prng());
    settleDatabases(this.machine);
    powerOn(this.machine);
    this.boot();
  }

  kill(): void {
    powerOff(this.machine);
    this.down();
    settleDatabases(this.machine);
    powerOn(this.machine);
    this.boot();
  }

  /** What dies with the process. */
  down(): void {
    this.parts = undefined;
    if (this.broker?.machine === this.machine) this.broker.restart();
    this.broker?.attach(undefined);
  }

  /** Somebody's call over the API; `undefined` when the cloud is away, or went before it answered. */
  ask<T>(
    call: (parts: Parts) => Promise<T>,
    answered: (answer: { readonly value: T } | undefined) => void,
  ): void {
    const { parts, machine } = this;
    if (parts === undefined || !machine.on) return void on(undefined, 1_000, () => answered(undefined));
    let open = true;
    const settle = (answer: { readonly value: T } | undefined): void => {
      if (open) answered(answer);
      open = false;
    };
    on(machine, 5, () => {
      call(parts).then(
        (value) => void on(undefined, 5, () => settle({ value })),
        (error: unknown) => {
          if (machine.on) this.log("call.failed", { why: String(error) });
          on(undefined, 5, () => settle(undefined));
        },
      );
    });
    on(undefined, 30_000, () => settle(undefined));
  }

  private async open() {
    const { machine, log } = this;
    const db = await openDatabase("/cloud/cloud.db");
    const publicLog = await openPublicLog({ db, data: "/cloud", origin: "cloud.test/tlog" });
    await enterOldCharters(db, publicLog);
    const vault = await this.openVault(db);
    const house = this.openHouse(db, publicLog, vault);
    const ingest = await this.openIngest(db, vault, house);
    const failed = (what: string) => (error: unknown) => {
      if (machine.on) log(what, { why: String(error) });
    };
    house.charters.onChange(
      ({ household }) => void ingest.charterChanged(household).catch(failed("charter.not-told")),
    );
    house.modes.onChange((household) => void ingest.modeChanged(household).catch(failed("charter.not-told")));
    void vault.eraser.sweep().catch(failed("vault.sweep-failed"));
    setRepeating(() => void house.casework.tick().catch(failed("tick.failed")), tickMillis);
    return { db, publicLog, vault, ingest, ...house };
  }

  private openVault(db: Database): Promise<Vault> {
    const limits = {
      retentionDays: 30,
      longestDays: 60,
      bytesMax: vaultBytesMax,
      householdBytesMax: vaultBytesMax,
    };
    const onDamage = (body: object): void => this.log("vault.body-damaged", { ...body });
    return openVault({ directory: "/cloud/vault", db, clock, onDamage, ...limits });
  }

  private openHouse(db: Database, publicLog: PublicLog, vault: Vault) {
    const charters = createCharters(db, { clock, log: publicLog });
    const casework = openCasework({
      ...{
        db,
        data: "/cloud",
        log: publicLog,
        charters,
        vault: vault.reader,
        policy: floorPolicy,
        clock,
        random,
      },
      onFault: (error) => this.log("release.not-ended", { why: String(error) }),
    });
    return {
      charters,
      casework,
      modes: createModes(db, charters, clock),
      cameras: createCameraDirectory(db),
    };
  }

  private async openIngest(
    db: Database,
    vault: Vault,
    { charters, modes, cameras }: ReturnType<Cloud["openHouse"]>,
  ): Promise<Ingest> {
    const { broker, machine, log } = this;
    const { relay, certify, announced: announce } = this.options;
    if (broker === undefined) throw new Error("a cloud has a broker");
    const { mayConnect, isAllowed } = cameras;
    const bus = new SimBus(broker, { cloud: machine, relay, mayConnect, isAllowed });
    return startIngest({
      ...{ bus, db, charters, modes, certifier: { certify }, clock },
      ...{ vault: vault.writer, directory: cameras, announce, log },
    });
  }
}
