// A doorbell: the firmware's own parts, wired as `firmware/main.ts` wires them, on a machine whose power can go.
import { type Certificates, createCertificates } from "../../../firmware/board/certificate.io.js";
import {
  type CameraIdentity,
  type Enrolment,
  type Keystore,
  openKeystore,
} from "../../../firmware/board/keystore.io.js";
import { type Capture, openCapture } from "../../../firmware/capture.io.js";
import { createHouse, type House } from "../../../firmware/house.io.js";
import { openJournal } from "../../../firmware/recorder/journal.io.js";
import type { Journal, NewEvent } from "../../../firmware/recorder/journal.js";
import { type Facts, startReporter } from "../../../firmware/report.io.js";
import { startSealer } from "../../../firmware/sealer/seal.io.js";
import { troubleText } from "../../../firmware/uplink/troubles.js";
import { startUplink, type Uplink } from "../../../firmware/uplink/uplink.io.js";
import type { SignedCharter } from "../../../shared/charter/charter.js";
import { bytes, millis } from "../../../shared/kernel/brand.js";
import type { ClipId } from "../../../shared/kernel/ids.js";
import type { Clock, Random } from "../../../shared/kernel/ports.js";
import { elapsed, later, newMachine, powerOff, powerOn, prng, wallNow, within } from "../edges/clockwork.js";
import { type Disk, newDisk, PowerLost } from "../edges/disk.js";
import type { Drawn } from "./drawn.js";
import type { Trace } from "./trace.js";
import { nameOf, type Truth } from "./truth.js";

export const clock: Clock = { wall: () => millis(wallNow()), monotonic: () => millis(Math.floor(elapsed())) };
export const random: Random = { bytes: (length) => prng().bytes(length) };

/** A camera that cannot start is tried again, as systemd does. */
const restartMillis = 5_000;
const renewMillis = 5_000;

interface Running {
  readonly journal: Journal;
  readonly uplink: Uplink;
  readonly capture: Capture;
  readonly house: House;
}

export interface DoorbellOptions {
  readonly trace: Trace;
  readonly truth: Truth;
  /** The journal's share of the card. */
  readonly limitBytes: number;
  readonly drawn: Pick<Drawn, "rolls" | "clock">;
  /** A certificate for this camera's key. */
  readonly renew: (identity: CameraIdentity) => string;
  readonly onAcknowledged: (doorbell: Doorbell, name: string) => void;
}

export class Doorbell {
  readonly machine;
  readonly disk: Disk;
  readonly truth: Truth;
  readonly identity: CameraIdentity;
  private readonly options: DoorbellOptions;
  private readonly state: string;
  running: Running | undefined;
  /** What is wrong with its wires. */
  wireTroubles: readonly string[] = [];
  /** When the cloud had the charter that names it no more. */
  removedAt: number | undefined;

  constructor(name: string, options: DoorbellOptions) {
    this.machine = newMachine(name);
    this.disk = newDisk(this.machine);
    this.options = options;
    this.truth = options.truth;
    this.state = `/${name}/state`;
    powerOn(this.machine);
    let identity: CameraIdentity | undefined;
    within(this.machine, () => {
      identity = this.keystore().createIdentity(random);
    });
    if (identity === undefined) throw new Error("a board makes its keys");
    this.identity = identity;
  }

  enrol(charters: readonly SignedCharter[], certificate: string, ca: string, vaultKey: string): void {
    const cloud = { mqttUrl: "mqtts://broker.test", vaultKey, cloudUrl: "https://cloud.test" };
    within(this.machine, () => this.keystore().saveEnrolment({ charters, certificate, ca, cloud }));
  }

  /** Starts the firmware; again after a while where it does not start. */
  boot(): void {
    within(this.machine, () => {
      this.start().catch((error: unknown) => {
        if (error instanceof PowerLost || !this.machine.on) return;
        this.log("start.failed", { why: String(error) });
        later(restartMillis, () => this.boot());
      });
    });
  }

  press(): void {
    within(this.machine, () => {
      this.log("bell", { works: this.running !== undefined });
      this.running?.capture.press();
    });
  }

  /** The power goes now; what the disk had not synced is lost, kept or torn. */
  cutPower(): void {
    powerOff(this.machine);
    this.running = undefined;
  }

  restorePower(): void {
    this.disk.settle(prng());
    powerOn(this.machine);
    this.boot();
  }

  /** The process dies; the system and its disk live on. */
  kill(): void {
    powerOff(this.machine);
    this.running = undefined;
    powerOn(this.machine);
    this.boot();
  }

  private get clockIsSet(): boolean {
    return this.options.drawn.clock === "synchronised";
  }

  private keystore(): Keystore {
    return openKeystore(this.state, clock, this.log);
  }

  readonly log = (event: string, fields: Readonly<Record<string, unknown>>): void => {
    if (event === "journal.damaged") this.truth.aside.add(`${fields.clipId}/${fields.segment}`);
    this.options.trace.note(this.machine.name, event, fields);
  };

  private async start(): Promise<void> {
    const { machine, log, truth } = this;
    const keystore = this.keystore();
    const read = keystore.readEnrolment();
    if (!read.ok) throw new Error(read.error.kind);
    const enrolment = read.value;
    const { limitBytes } = this.options;
    const dir = `${this.state}/journal`;
    const camera = enrolment.identity.signer;
    const journal = await openJournal({ dir, limitBytes, camera, clock, random, log });
    if (!machine.on) return;
    for (const event of journal.pendingEvents()) truth.events.set(event.id, event);
    const house = createHouse(keystore, enrolment, () => undefined, log);
    const certificates = createCertificates(keystore, enrolment, clock, log);
    let obey = (): void => undefined;
    let changed = (): void => undefined;
    const later = { obey: () => obey(), changed: () => changed() };
    const uplink = this.openUplink({ enrolment, journal, house, certificates, ...later });
    const capture = this.openCapture({ enrolment, journal, house, changed: later.changed });
    this.running = { journal, uplink, capture, house };
    log("start", {});
    obey = () =>
      void capture.apply(house.rules()).catch((error) => log("capture.failed", { why: `${error}` }));
    obey();
    const reporter = startReporter(
      this.state,
      () => this.facts(),
      (status) => uplink.status(status),
    );
    changed = () => reporter.soon();
  }

  private openUplink({ enrolment, journal, house, certificates, obey, changed }: UplinkParts): Uplink {
    const { log, truth } = this;
    const { identity, vault } = enrolment;
    const store = {
      ...storeOf(journal),
      acknowledge: async (...[clip, index, receipt]: Parameters<Journal["acknowledge"]>) => {
        const taken = await journal.acknowledge(clip, index, receipt);
        const name = nameOf({ clip, index });
        if (taken.ok) truth.acknowledged.add(name);
        if (taken.ok) this.options.onAcknowledged(this, name);
        return taken;
      },
    };
    const uplink = startUplink(
      {
        camera: identity.camera,
        server: { host: "broker.test", port: 8883 },
        identity: () => ({ key: identity.tlsKey, certificate: certificates.current(), ca: enrolment.ca }),
        ...{ vault, store, windowMax: 16, clockIsSet: () => this.clockIsSet, clock, random, log },
      },
      {
        have: () => house.version(),
        charters: (later) => {
          if (!house.follow(later)) return;
          truth.followed.push(house.version());
          obey();
        },
        deletion: async (note) => {
          const clip = house.openDeletion(note);
          if (clip !== undefined) await journal.removeClip(clip);
        },
        haveMode: () => house.modeCounter(),
        mode: (note) => house.obey(note) && obey(),
        wantsCertificate: certificates.wanted,
        certificate: (pem) => void certificates.take(pem),
        turnedAway: () => this.plead(certificates),
        changed,
      },
    );
    journal.watch({
      stored: (segment) => uplink.stored(segment),
      gone: (clip, index) => uplink.gone({ clip, index }),
      clipGone: (clip) => uplink.clipGone(clip),
      happened: (event) => uplink.happened(event),
      eventGone: (id) => uplink.eventGone(id),
    });
    return uplink;
  }

  /** Its certificate may have ended: an owner lets it in again after a while, as over `/v1/renewals`. */
  private plead(certificates: Certificates): void {
    this.log("turned-away", {});
    if (certificates.plea(this.clockIsSet) !== undefined) later(renewMillis, () => this.letIn(certificates));
  }

  private letIn(certificates: Certificates): void {
    try {
      certificates.take(this.options.renew(this.identity));
    } catch (error) {
      // The card did not take it: the next time that it is turned away it asks again.
      this.log("certificate.not-asked", { why: String(error) });
    }
  }

  private openCapture({ enrolment, journal, house, changed }: CaptureParts): Capture {
    const { log, truth } = this;
    const happened = (event: NewEvent): void =>
      void journal.appendEvent(event).then(
        (made) => truth.events.set(made.id, made),
        (error: unknown) => log("journal.failed", { why: `${error}` }),
      );
    const sealer = startSealer({
      signer: enrolment.identity.signer,
      custody: () => ({ ...house.custody(), clock: this.options.drawn.clock }),
      sink: {
        begin: async (clip, start) => {
          await journal.begin(clip, start);
          const filmed = truth.clips.get(clip);
          if (filmed !== undefined) filmed.begun = this.isOnRecord(clip);
        },
        append: async (segment) => {
          truth.offered.set(nameOf(segment), segment);
          await journal.append(segment);
          truth.stored(segment);
        },
        abandon: (clip) => journal.abandon(clip),
        blocked: () => journal.blocked(),
      },
      previous: journal.lastManifest(),
      ...{ random, log, onShortfall: happened },
    });
    const source = { kind: "scene", seed: 1 } as never;
    const { preRoll, postRoll } = this.options.drawn.rolls;
    const rolls = { preRoll: millis(preRoll), postRoll: millis(postRoll) };
    return openCapture(
      { source, ffmpeg: { path: "", encoders: [] } as never, rpicam: undefined, rolls, clock, random, log },
      {
        clip: (effect) => {
          truth.filmed(effect);
          sealer.push(effect);
        },
        due: (clip, since) => sealer.due(clip, since),
        picked: () => undefined,
        happened,
        recording: () => undefined,
        changed,
      },
    );
  }

  /** The journal resolves, too, where the card did not take the note that a clip begins: then no camera can know of it afterwards. */
  private isOnRecord(clip: ClipId): boolean {
    const state = this.disk.durable("/state/journal/state.json") ?? new Uint8Array();
    return Buffer.from(state).includes(clip);
  }

  private facts(): Facts {
    const { running } = this;
    if (running === undefined) throw new Error("nothing runs");
    const { capture, house, journal, uplink } = running;
    const { recording, video, restarts } = capture.state();
    const usage = journal.usage();
    const blocked = usage.blocked === undefined ? [] : [`the card takes no footage: ${usage.blocked}`];
    return {
      ...{
        firmware: "sim",
        source: "sim",
        video,
        recording,
        clock: this.options.drawn.clock,
        charter: house.version(),
      },
      ...{
        mode: house.rules().mode,
        modeCounter: house.modeCounter(),
        uptimeSeconds: 1,
        cameraRestarts: restarts,
      },
      outboxSegments: usage.pendingSegments,
      outboxBytes: bytes(usage.pendingBytes),
      trouble: [...house.troubles(), ...blocked, ...uplink.troubles().map(troubleText), ...this.wireTroubles],
    };
  }
}

interface CaptureParts {
  readonly enrolment: Enrolment;
  readonly journal: Journal;
  readonly house: House;
  readonly changed: () => void;
}
interface UplinkParts extends CaptureParts {
  readonly certificates: Certificates;
  readonly obey: () => void;
}

/** The journal as the uplink sees it. */
function storeOf(journal: Journal) {
  return {
    pending: () => journal.pending(),
    pendingEvents: () => journal.pendingEvents(),
    readHead: journal.readHead.bind(journal),
    readBody: journal.readBody.bind(journal),
    check: journal.check.bind(journal),
    acknowledgeEvents: journal.acknowledgeEvents.bind(journal),
  };
}
