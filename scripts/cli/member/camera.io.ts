import type { Polygon, Zone } from "../../../shared/charter/areas.js";
import { type CharterCamera, formatLines, type Mode } from "../../../shared/charter/lines.js";
import { counted } from "../counted.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { maskText, zoneText } from "./areas.js";
import { awaitConfirmation, type CameraWords, changeCharter } from "./charter.io.js";
import { openCloud } from "./cloud.io.js";
import { findCamera, type Household } from "./household.js";

export interface CameraOptions {
  readonly name?: string;
  /** Instead of those that it has. */
  readonly mask?: readonly Polygon[];
  /** False: none any more. */
  readonly masks: boolean;
  readonly zone?: readonly Zone[];
  readonly zones: boolean;
  readonly audio?: "on" | "off";
  readonly modes?: readonly Mode[];
  /** Longest wait for the camera's confirmation, in seconds. */
  readonly wait: number;
}

/** Shows what a camera is told; with changes, signs them into the next charter and waits until the camera follows it. */
export async function memberCamera(
  folder: string,
  { camera: wanted, ...options }: CameraOptions & { readonly camera: string },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const changes = changesOf(options);
  const line = chooseCamera(await cloud.household(), wanted);
  if (Object.keys(changes).length === 0) {
    terminal.json(settingsOf(line));
    for (const text of [`${line.id}  ${line.name}  ${line.place}`, ...settingLines(line)]) terminal.say(text);
    return;
  }
  let signed = false;
  const version = await changeCharter(cloud, terminal, (household) => {
    const now = chooseCamera(household, line.id);
    const changed = { ...now, ...changes };
    signed = textOfLine(changed) !== textOfLine(now);
    const cameras = household.newest.cameras.map((one) => (one.id === line.id ? changed : one));
    return signed ? { cameras } : undefined;
  });
  terminal.json({ event: signed ? "signed" : "unchanged", camera: line.id, charter: version });
  terminal.say(
    signed
      ? `You signed charter ${version}. It is not yet in force: camera ${line.id} has to confirm it.`
      : `Charter ${version} says so already.`,
  );
  const awaited = { camera: line.id, version, millisMax: options.wait * 1000 };
  const words = await awaitConfirmation(cloud, awaited, (heard, secondsLeft) =>
    terminal.progress(`not yet in force: ${stateOf(heard)} … ${secondsLeft} s left`),
  );
  const event = words === undefined ? "confirmed" : "unconfirmed";
  terminal.json({ event, camera: line.id, charter: version });
  if (words !== undefined) throw new Refused(notInForce(version, line.id, words));
  terminal.say(`In force: the camera says that it follows charter ${version}.`);
}

function changesOf({ name, mask, masks, zone, zones, audio, modes }: Omit<CameraOptions, "wait">) {
  return {
    ...(name !== undefined && { name }),
    ...(mask !== undefined && { masks: mask }),
    ...(!masks && { masks: [] }),
    ...(zone !== undefined && { zones: zone }),
    ...(!zones && { zones: [] }),
    ...(audio !== undefined && { audio: audio === "on" }),
    ...(modes !== undefined && { modes }),
  } satisfies Partial<CharterCamera>;
}

/** By its id, or by its name where only one has it. */
export function chooseCamera(household: Household, wanted: string): CharterCamera {
  const { cameras, version } = household.newest;
  const byId = cameras.find(({ id }) => id === wanted);
  if (byId !== undefined) return byId;
  const [named, ...others] = cameras.filter(({ name }) => name === wanted);
  if (others.length > 0)
    throw new Refused(
      `Several cameras are called "${wanted}". Give the id of the one you mean; "lintel member cameras" lists them.`,
    );
  if (named !== undefined) return named;
  throw new Refused(
    findCamera(household, wanted) === undefined
      ? `Your household has no camera "${wanted}". "lintel member cameras" lists those it has.`
      : `Camera ${wanted} was removed: charter ${version} does not name it any more, and nothing can be told to it. Reset it and claim it to use it again.`,
  );
}

function textOfLine(camera: CharterCamera): string {
  return formatLines({ members: [], cameras: [camera] }).join();
}

/** For programs: coordinates and sizes in ten-thousandths, as the charter has them. */
export function settingsOf({ id, name, place, audio, modes, masks, zones }: CharterCamera) {
  return { id, name, place, audio, modes, masks, zones };
}

/** For people: masks and zones as the options that make them. */
export function settingLines({ audio, modes, masks, zones }: CharterCamera): readonly string[] {
  const masked = masks.length === 0 ? "no masks" : counted(masks.length, "mask");
  const where = zones.length === 0 ? "motion counts everywhere" : counted(zones.length, "zone");
  return [
    `  modes ${modes.join(",")}; audio ${audio ? "on" : "off"}; ${masked}; ${where}`,
    ...masks.map((mask) => `  --mask "${maskText(mask)}"`),
    ...zones.map((zone) => `  --zone "${zoneText(zone)}"`),
  ];
}

function stateOf({ state, lastSeen, charter }: CameraWords): string {
  if (state === "online") return `the camera follows charter ${charter}`;
  return lastSeen === undefined
    ? "the camera has never connected"
    : `the camera is ${state} since ${lastSeen}`;
}

function notInForce(version: number, camera: string, words: CameraWords): string {
  const [trouble] = words.troubles;
  const says = trouble === undefined ? "" : ` It says: ${trouble}.`;
  const advice =
    words.state === "online"
      ? `If it stays so, restart the camera; "lintel doctor" on it tells more.`
      : "It takes the charter as soon as it is connected again: look at its power and network.";
  return `Charter ${version} is signed, but not yet in force: ${stateOf(words)}. Until then it does as it was told before.${says} ${advice} The same command again goes on waiting; "lintel member cameras" shows whether camera ${camera} follows.`;
}
