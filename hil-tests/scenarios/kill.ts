import { setTimeout as wait } from "node:timers/promises";
import type { ClipId } from "../../shared/kernel/ids.js";
import { type Prng, seededPrng } from "../../shared/kernel/prng.js";
import {
  type CardClips,
  type DoorEventEvidence,
  doorEvents,
  inVault,
  onCard,
  openEach,
  saidStored,
  untilArrived,
  type VaultClip,
} from "../rig/host/evidence.io.js";
import { type Broker, type House, openHouse, type Part } from "../rig/host/house.io.js";

/** Camera, cloud and broker are killed at random moments while clips are recorded and pushed. */
export interface KillOptions {
  readonly seed: number;
  readonly broker: Broker;
  readonly kills: number;
  /** Presses that the camera accepted; each cuts a clip or prolongs the one that is being recorded. */
  readonly presses: number;
  readonly onProgress?: (line: string) => void;
}

export interface KillReport {
  readonly kills: Readonly<Record<Part, number>>;
  readonly presses: number;
  readonly clips: number;
  readonly interrupted: number;
  /** On the card and not, or not byte for byte, in the vault. */
  readonly lost: readonly string[];
  /** In the vault and not on the card, or twice. */
  readonly surplus: readonly string[];
  /** Presses of which the owner is told neither a clip that arrived nor a gap, although the camera lived on for `graceMillis`. */
  readonly unrecorded: readonly string[];
  /** Each clip that a kill of the camera cut. */
  readonly cuts: readonly Cut[];
  readonly openedSeconds: number;
  readonly tookSeconds: number;
}

export interface Cut {
  readonly clip: ClipId;
  /** Footage between its last sealed moment and the kill, in ms. */
  readonly millis: number;
}

/** The pictures are small, so that this machine's two cores carry everything. */
const source = "scene:seed=5,size=640x360,fps=15,quiet";
const settleMillisMax = 120_000;
/** A press this shortly before a kill may have left nothing behind but a gap. */
const graceMillis = 2_000;
/** Between the harness's moment of a press and the camera's: one process tells the other. */
const sameMomentMillis = 1_500;
/** A camera that was just started takes presses before it has a picture; the clip begins with the first one. */
const firstPictureMillis = 15_000;

export async function killStory(options: KillOptions): Promise<KillReport> {
  const started = performance.now();
  const settings = { LINTEL_PREROLL: "2", LINTEL_POSTROLL: "3" };
  const house = await openHouse({ source, broker: options.broker, camera: settings });
  try {
    const suffered = await torment(house, options);
    for (const part of house.parts) if (!house.runs(part)) await house.start(part);
    // The last press has its whole clip before anything is counted.
    await wait(firstPictureMillis);
    const waiting = await untilArrived(house, settleMillisMax);
    const card = onCard(house);
    const vault = await inVault(house);
    const opened = await openEach(house, vault);
    const { lost, surplus } = compare(card, vault);
    const arrived = new Set(
      vault.flatMap(({ id, segments }) => segments.map(({ index }) => `${id}/${index}`)),
    );
    const forgotten = saidStored(house).filter((segment) => !arrived.has(segment));
    const events = await doorEvents(house);
    return {
      kills: suffered.kills,
      presses: suffered.presses.length,
      clips: vault.length,
      interrupted: vault.filter(({ state }) => state === "interrupted").length,
      lost: [...waiting, ...lost, ...forgotten],
      surplus,
      unrecorded: unrecorded(vault, events, suffered),
      cuts: cuts(card, suffered.cameraKills),
      openedSeconds: [...opened.values()].reduce((sum, seconds) => sum + seconds, 0),
      tookSeconds: Math.round((performance.now() - started) / 1000),
    };
  } finally {
    await house.close();
  }
}

interface Suffered {
  readonly kills: Readonly<Record<Part, number>>;
  /** Wall times. */
  readonly cameraKills: readonly number[];
  readonly presses: readonly number[];
}

/** Kills and presses until there were enough of both. */
async function torment(house: House, options: KillOptions): Promise<Suffered> {
  const prng = seededPrng(options.seed);
  const kills: Record<Part, number> = { camera: 0, cloud: 0, broker: 0 };
  const cameraKills: number[] = [];
  const presses: number[] = [];
  let nextPress = 0;
  for (let done = 0; done < options.kills || presses.length < options.presses; ) {
    await wait(prng.between(100, 2_500));
    if (performance.now() >= nextPress && (await tryPress(house))) {
      presses.push(Date.now());
      nextPress = performance.now() + prng.between(3_000, 9_000);
    }
    if (done >= options.kills || prng.next() < 0.3) continue;
    const part = house.parts[prng.between(0, house.parts.length)] ?? "camera";
    if (part === "camera") cameraKills.push(Date.now());
    await killAndRestart(house, part, prng);
    kills[part]++;
    done++;
    options.onProgress?.(
      `${done} of ${options.kills} kills, ${presses.length} of ${options.presses} presses`,
    );
  }
  return { kills, cameraKills, presses };
}

async function killAndRestart(house: House, part: Part, prng: Prng): Promise<void> {
  await house.kill(part);
  await wait(prng.between(0, 1_500));
  await house.start(part);
}

/** True when the camera took the press. */
async function tryPress(house: House): Promise<boolean> {
  return house.press().then(
    () => true,
    () => false,
  );
}

function compare(card: CardClips, vault: readonly VaultClip[]): Pick<KillReport, "lost" | "surplus"> {
  const lost: string[] = [];
  const surplus = vault.filter(
    ({ id }, i) => !card.has(id) || vault.findIndex((clip) => clip.id === id) !== i,
  );
  for (const [clip, segments] of card) {
    const stored = vault.find(({ id }) => id === clip)?.segments ?? [];
    for (const { index, sha256 } of segments) {
      const same = stored.filter((segment) => segment.index === index && segment.sha256 === sha256);
      if (same.length !== 1) lost.push(`${clip}/${index}`);
    }
  }
  return { lost, surplus: surplus.map(({ id }) => id) };
}

/** A press must be told with the clip that was cut for it, and that clip must be there, or else a gap must name it. */
function unrecorded(
  vault: readonly VaultClip[],
  events: readonly DoorEventEvidence[],
  { presses, cameraKills }: Suffered,
): readonly string[] {
  const clips = new Set<string>(vault.map(({ id }) => id));
  const gaps = new Set(events.filter(({ kind }) => kind === "gap").map(({ clip }) => clip));
  const told = events.filter(({ kind }) => kind === "press");
  const answered = (at: number): boolean =>
    told.some(
      (press) =>
        Math.abs(press.at - at) < sameMomentMillis &&
        press.clip !== undefined &&
        (clips.has(press.clip) || gaps.has(press.clip)),
    );
  const excused = (at: number): boolean => cameraKills.some((kill) => at <= kill && kill <= at + graceMillis);
  return presses.filter((at) => !answered(at) && !excused(at)).map((at) => new Date(at).toISOString());
}

function cuts(card: CardClips, cameraKills: readonly number[]): readonly Cut[] {
  return [...card].flatMap(([clip, segments]) => {
    const last = segments.findLast(({ bytes }) => bytes > 0);
    if (last === undefined || segments.at(-1)?.end !== "interrupted") return [];
    const kill = cameraKills.find((at) => at >= last.from);
    return kill === undefined ? [] : [{ clip, millis: Math.round(kill - last.to) }];
  });
}
