// A world in which a story is told: one camera, its cloud, nothing that befalls them by itself. Everything here happens at once.
import { createHash } from "node:crypto";
import { type Button, type ButtonEvent, buttonUp, stepButton } from "../../../firmware/board/button.js";
import { decodeFrame, frameBytes } from "../../../firmware/recorder/frame.js";
import { openClip } from "../../../shared/clip/plain.js";
import { parseSegment } from "../../../shared/clip/segment.js";
import { type ClipId, isClipId } from "../../../shared/kernel/ids.js";
import { open } from "../../../shared/seal/age.js";
import { nativeHashOf } from "../../../shared/seal/native.io.js";
import { textOf, verifierOf } from "../../../shared/seal/note.js";
import type { CardSegment, DoorEventEvidence, VaultClip } from "../../rig/evidence.js";
import type { HouseWish, LineQuality, Part } from "../../rig/rig.js";
import { on, powerOff, powerOn, running, wallNow } from "../edges/clockwork.js";
import { PowerLost } from "../edges/disk.js";
import { tap } from "../edges/network.js";
import type { Parts } from "./cloud.js";
import { clock } from "./doorbell.js";
import type { Drawn } from "./drawn.js";
import { insist } from "./household.js";
import { makeTemplates } from "./template.js";
import { newTrace } from "./trace.js";
import { World } from "./world.js";

export interface ToldOptions {
  readonly house: HouseWish;
  readonly seed: number;
  readonly onConsole: (part: Part, line: string) => void;
}

interface Said {
  readonly part: Part;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const startMillisMax = 20_000;
/** A home's line, one way. */
const usualDelay = { least: 80, most: 160 };
const eventsMax = 200;
const clipsMax = 200;
/** Smaller ones close a clip that was cut off. */
const sealedBytesMin = 4_096;
const stuckLookMillis = 31_000;

const calmOnes = ({ broker, preRoll, postRoll }: HouseWish): Drawn => ({
  ...{ cameras: 1, owners: 1, ownBroker: broker === "external", releases: false, retention: false },
  ...{
    actEvery: undefined,
    shortCertificates: false,
    faultMillis: 0,
    pressEvery: 0,
    stall: 0,
    delayMost: 40,
  },
  relay: { loss: 0, duplicate: 0, reorderMillis: 0 },
  rolls: { preRoll: 1_000 * preRoll, postRoll: 1_000 * postRoll },
  // Nobody gives it the time, as on a machine without a time source.
  clock: "unsynchronised",
  footage: { usualBytes: 4_000, largeBytes: 4_000, large: 0 },
  ...{ slowDisk: 0, every: {} },
});

/** Each method must be called in a turn of its own. */
export class ToldHouse {
  private readonly world: World;
  private readonly log: Said[] = [];
  private button: Button = buttonUp;
  private carried = 0;
  private readonly unheard = (error: unknown): void => {
    if (running()?.on !== false && !(error instanceof PowerLost)) this.world.failed(error);
  };

  constructor({ house, seed, onConsole }: ToldOptions) {
    globalThis.process.on("unhandledRejection", this.unheard);
    makeTemplates();
    const trace = newTrace();
    const note: typeof trace.note = (who, event, fields = {}) => {
      trace.note(who, event, fields);
      const part = who === "cloud" || who === "broker" ? who : "camera";
      this.log.push({ part, event, fields });
      onConsole(part, `${event} ${JSON.stringify(fields)}`);
    };
    this.world = new World(seed, () => calmOnes(house), { ...trace, note });
    tap((to, packet) => {
      if (to.machine === this.world.broker.machine && packet.kind === "publish")
        this.carried += packet.message.payload.length;
    });
    this.healLine();
    this.world.enrol();
    this.started();
  }

  close(): void {
    globalThis.process.off("unhandledRejection", this.unheard);
  }

  now(): number {
    return wallNow();
  }

  pass(millis: number): void {
    this.world.run(millis);
  }

  carriedBytes(): number {
    return this.carried;
  }

  // Power

  isOn(part: Part): boolean {
    return this.machineOf(part).on;
  }

  cut(part: Part): void {
    const { world, camera } = this;
    world.trace.note(part, "power cut");
    if (part === "camera") {
      camera.cutPower();
      this.button = buttonUp;
      camera.disk.failing = 0;
      camera.disk.isReadOnly = false;
    } else if (part === "cloud" || !world.drawn.ownBroker) world.cloud.cutPower();
    else {
      powerOff(world.broker.machine);
      world.broker.restart();
    }
  }

  restore(part: Part): void {
    const { world, camera } = this;
    if (part === "camera") camera.restorePower();
    else if (part === "cloud" || !world.drawn.ownBroker) world.cloud.restorePower();
    else powerOn(world.broker.machine);
    this.started();
  }

  // The line

  cutLine(from: "camera" | "cloud"): void {
    const { weather, relay, drawn } = this.world;
    if (from === "cloud" && drawn.ownBroker) relay.isCut = true;
    else weather.cutOff.add(this.machineOf(from));
  }

  healLine(): void {
    const { weather, relay } = this.world;
    relay.isCut = false;
    weather.cutOff.clear();
    Object.assign(weather, { stall: 0 });
    Object.assign(weather.delayMillis, usualDelay);
  }

  /** As TCP's two ends see it: what is lost or comes in another order is late, what comes twice is nothing. */
  shape({ delayMillis, lossPercent = 0, reorderPercent = 0 }: LineQuality): void {
    const { weather } = this.world;
    weather.stall = (lossPercent + reorderPercent) / 100;
    if (delayMillis !== undefined)
      Object.assign(weather.delayMillis, { least: delayMillis, most: delayMillis });
  }

  // Disks

  fill(part: "camera" | "cloud"): void {
    const disk = this.diskOf(part);
    disk.capacity = disk.used;
  }

  protect(part: "camera" | "cloud"): void {
    this.diskOf(part).isReadOnly = true;
  }

  fail(part: "camera" | "cloud"): void {
    this.diskOf(part).failing = 1;
  }

  mend(part: "camera" | "cloud"): void {
    const disk = this.diskOf(part);
    disk.capacity = Number.POSITIVE_INFINITY;
    disk.isReadOnly = false;
    disk.failing = 0;
  }

  rot(part: "camera" | "cloud"): string {
    const disk = this.diskOf(part);
    const [victim] = [...disk.files()]
      .filter(({ path, file }) => /[.](seg|body)$/.test(path) && file.bytes.length > sealedBytesMin)
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    if (victim === undefined) throw new Error(`Nothing sealed lies on the ${part}'s disk.`);
    disk.flip(victim.file, victim.file.bytes.length >> 1);
    return victim.path;
  }

  // At the door

  stepClock(millis: number): void {
    this.camera.machine.clockOff += millis;
  }

  /** False where nobody is there to take them. */
  move(edges: readonly ("down" | "up")[]): boolean {
    if (this.camera.running === undefined) return false;
    for (const edge of edges) this.edge(edge);
    on(this.camera.machine, stuckLookMillis, () => this.edge("tick"));
    this.world.run(1);
    return true;
  }

  private edge(event: ButtonEvent): void {
    const { button, effects } = stepButton(this.button, event, clock.monotonic());
    this.button = button;
    const stuck = ["the bell button is held down or stuck"];
    for (const effect of effects)
      if (effect === "press") this.camera.press();
      else this.camera.wireTroubles = effect === "stuck" ? stuck : [];
  }

  // What happened

  said(part: Part, event: string): number {
    return this.log.filter((one) => one.part === part && one.event === event).length;
  }

  saidStored(): readonly string[] {
    const stored = this.log.filter(({ event }) => event === "journal.stored");
    return stored.map(({ fields }) => `${fields.clipId}/${fields.segment}`);
  }

  onCard(): ReadonlyMap<ClipId, readonly CardSegment[]> {
    const clips = new Map<ClipId, CardSegment[]>();
    for (const { path, file } of this.camera.disk.files()) {
      const [, clip = ""] = /[/]clips[/]([^/]+)[/][0-9]+[.]seg$/.exec(path) ?? [];
      if (!isClipId(clip)) continue;
      const segment = cardSegment(path, file.bytes);
      clips.set(
        clip,
        [...(clips.get(clip) ?? []), segment].toSorted((a, b) => a.index - b.index),
      );
    }
    return clips;
  }

  waiting(): readonly string[] {
    const { disk } = this.camera;
    return [...this.onCard()].flatMap(([clip, segments]) => {
      const isDone = (index: number): boolean =>
        disk.find(`/state/journal/clips/${clip}/${index}.done`) !== undefined;
      const unanswered = segments
        .filter(({ index }) => !isDone(index))
        .map(({ index }) => `${clip}/${index}`);
      return [...unanswered, ...(segments.at(-1)?.end === "no" ? [`${clip} has no end`] : [])];
    });
  }

  inVault(): readonly VaultClip[] {
    const { home } = this.world;
    return this.asked("the vault", async ({ vault: { reader } }) => {
      const { items } = await reader.clips(home.id, { limit: clipsMax });
      const found: VaultClip[] = [];
      for (const { id, state } of items) found.push({ id, state, ...(await this.segmentsOf(reader, id)) });
      return found;
    });
  }

  doorEvents(): readonly DoorEventEvidence[] {
    const { home } = this.world;
    return this.asked("the events", async ({ vault: { reader } }) => {
      const events: DoorEventEvidence[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await reader.events(home.id, { limit: eventsMax, cursor });
        for (const { event } of page.items)
          events.push({ kind: event.kind, at: Date.parse(event.at), clip: event.clip });
        cursor = page.next;
      }
      return events;
    });
  }

  /** Seconds of footage, or why it does not open. */
  open({ id, segments }: VaultClip): number | string {
    const { home } = this.world;
    const { identity } = this.camera;
    return this.asked("a clip", async ({ vault: { reader } }) => {
      const plain: Uint8Array[] = [];
      for (const { index, bytes } of segments) {
        if (bytes === 0) continue;
        const sealed = await bytesOf(reader, home.id, id, index);
        const opened = sealed && (await open(sealed, [home.identities.get(identity.camera) ?? ""]));
        if (opened?.ok !== true) return `segment ${index} of ${id} does not open`;
        plain.push(opened.value);
      }
      const clip = openClip(new Uint8Array(Buffer.concat(plain)), verifierOf(identity.signer), nativeHashOf);
      return clip.ok ? clip.value.fragments.length : JSON.stringify(clip.error);
    });
  }

  status() {
    const { online = false, status } =
      this.world.cloud.parts?.ingest.health(this.camera.identity.camera) ?? {};
    return { online, clock: status?.clock ?? "", troubles: status?.trouble ?? [] };
  }

  private async segmentsOf(reader: Reader, id: ClipId): Promise<Pick<VaultClip, "segments" | "refused">> {
    const { home } = this.world;
    const segments = [];
    for (const { index } of (await reader.clip(home.id, id))?.parts ?? []) {
      const bytes = await bytesOf(reader, home.id, id, index);
      if (bytes === undefined) return { segments: [], refused: `segment ${index} is damaged` };
      segments.push({ index, bytes: bytes.length, sha256: hexOf(bytes) });
    }
    return { segments };
  }

  private asked<T>(what: string, call: (parts: Parts) => Promise<T>): T {
    return this.world.settled<T>((done) => insist(this.world, call, done), what);
  }

  private started(): void {
    const { world, camera } = this;
    world.run(startMillisMax, () => {
      const isUp = camera.running !== undefined || !camera.machine.on;
      return isUp && (world.cloud.parts !== undefined || !world.cloud.machine.on);
    });
  }

  private get camera() {
    const [camera] = this.world.doorbells;
    if (camera === undefined) throw new Error("a house has a camera");
    return camera;
  }

  private machineOf(part: Part) {
    const { broker, cloud } = this.world;
    return part === "camera" ? this.camera.machine : part === "cloud" ? cloud.machine : broker.machine;
  }

  private diskOf(part: "camera" | "cloud") {
    return part === "camera" ? this.camera.disk : this.world.cloud.disk;
  }
}

type Reader = Parts["vault"]["reader"];

/** `undefined` where the vault does not give it. */
async function bytesOf(
  reader: Reader,
  household: World["home"]["id"],
  id: ClipId,
  index: number,
): Promise<Uint8Array | undefined> {
  const segment = await reader.segment(household, id, index);
  if (segment === undefined || !(await segment.isWhole())) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of segment.read(0, segment.bytes)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

function cardSegment(path: string, file: Uint8Array): CardSegment {
  const frame = decodeFrame(file.subarray(0, frameBytes));
  const note = frame && parseSegment(textOf(frame.note));
  if (frame === undefined || note?.ok !== true) throw new Error(`${path} is damaged`);
  const sealed = file.subarray(frameBytes);
  const { index, end } = note.value;
  return { index, end, bytes: sealed.length, sha256: hexOf(sealed), from: frame.from, to: frame.to };
}

function hexOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
