import { setTimeout as wait } from "node:timers/promises";
import { type CharterCamera, type Mode, memberKeyName } from "../../../shared/charter/lines.js";
import {
  formatMode,
  type ModeOrder,
  openNextMode,
  parseMode,
  type Turn,
} from "../../../shared/charter/mode.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import type { Fields } from "../fields.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { chooseCamera } from "./camera.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { turnText, weekOf } from "./week.js";

const pollMillis = 500;

export interface ModeOptions {
  /** From now on, all week. */
  readonly mode?: Mode;
  /** Instead: a timetable. */
  readonly at?: readonly (readonly Turn[])[];
  /** Time zone of the timetable. */
  readonly zone?: string;
  /** Longest wait for the camera's word, in seconds. */
  readonly wait: number;
}

/** Shows what a camera was told to do, or signs another order and waits until the camera obeys it. */
export async function memberMode(
  folder: string,
  { camera: wanted, ...options }: ModeOptions & { readonly camera: string },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const line = chooseCamera(await cloud.household(), wanted);
  const week = wantedWeek(options);
  const before = await heard(cloud, line);
  if (week === undefined) return show(line, before, terminal);
  const { counter } = await sign(cloud, line, { week, zone: options.zone ?? "UTC" });
  terminal.json({ event: "signed", camera: line.id, counter });
  const until = systemClock.monotonic() + options.wait * 1000;
  for (;;) {
    const words = await heard(cloud, line);
    const left = until - systemClock.monotonic();
    if (words.obeyed === counter) {
      terminal.json({ event: "obeyed", camera: line.id, counter, mode: words.mode });
      return terminal.say(`${line.name} obeys: its mode is ${words.mode ?? "not told"} now.`);
    }
    if (left <= 0) break;
    terminal.progress(`not yet obeyed: the camera is ${words.state} … ${Math.ceil(left / 1000)} s left`);
    await wait(Math.min(pollMillis, left));
  }
  terminal.json({ event: "unconfirmed", camera: line.id, counter });
  throw new Refused(
    `The order is signed, but camera ${line.id} has not said that it obeys: until then it does as before. It takes the order as soon as it is connected; "lintel member mode" shows when.`,
  );
}

function wantedWeek({ mode, at, zone }: ModeOptions): readonly Turn[] | undefined {
  if (at === undefined) return mode && [{ minute: 0, mode }];
  if (mode !== undefined) throw new Refused("Give a mode or a timetable, not both.");
  if (zone === undefined)
    throw new Refused("Give the timetable's time zone, too: --time-zone Europe/Berlin, or UTC.");
  const week = weekOf(at.flat());
  if (!week.ok) throw new Refused(`The timetable is not usable: ${week.error}.`);
  return week.value;
}

/** The next order, one further than the newest. The cloud stores it only if it follows. */
async function sign(
  cloud: Cloud,
  { id: camera }: CharterCamera,
  { week, zone }: Pick<ModeOrder, "week" | "zone">,
): Promise<ModeOrder> {
  const { profile } = cloud;
  const { newest } = await cloud.household();
  const line = chooseCamera({ charters: [newest], newest }, camera);
  const before = (await heard(cloud, line)).order;
  const counter = (before?.counter ?? 0) + 1;
  const order = { household: profile.household, camera, counter, zone, week, at: systemClock.wall() };
  const signer = { name: memberKeyName(profile.member), secretKey: profile.keys.noteSecret };
  const note = signNote(formatMode(order), [signer]);
  const next = openNextMode(newest, camera, before, note);
  if (!next.ok) throw new Refused(sentenceOf(next.error));
  await cloud.call({ method: "PUT", path: `/v1/cameras/${camera}/mode`, body: { note }, repeatable: true });
  return order;
}

interface Heard {
  /** The newest order; its signature is the camera's to judge, which saw the charter of its time. */
  readonly order: ModeOrder | undefined;
  readonly state: string;
  /** What the camera says that it does, and by which order. */
  readonly mode: string | undefined;
  readonly obeyed: number | undefined;
}

async function heard(cloud: Cloud, { id }: CharterCamera): Promise<Heard> {
  const fields = await cloud.get(`/v1/cameras/${id}`);
  const order = parseMode(textOf(fields.maybeText("mode") ?? ""));
  const said = (status: Fields) => ({
    mode: status.maybeText("mode"),
    obeyed: status.maybeNumber("modeCounter"),
  });
  const words = fields.maybe("status", said) ?? { mode: undefined, obeyed: undefined };
  return {
    order: order.ok ? order.value : undefined,
    state: fields.maybeText("state") ?? "unknown",
    ...words,
  };
}

function show({ id, name, modes }: CharterCamera, words: Heard, terminal: Terminal): void {
  const { order, mode, obeyed, state } = words;
  terminal.json({
    id,
    name,
    modes,
    state,
    mode,
    obeyed,
    counter: order?.counter,
    week: order?.week,
    zone: order?.zone,
  });
  const told = order === undefined ? "the most that the charter allows" : `order ${order.counter}`;
  const obeys = obeyed === (order?.counter ?? 0) ? "" : `, but it obeys ${obeyed ?? "no word of it"} so far`;
  terminal.say(`${id}  ${name}  ${mode ?? "no mode told"} (${state}); told: ${told}${obeys}`);
  terminal.say(`  the charter allows ${modes.join(",")}`);
  for (const turn of order?.week ?? []) terminal.say(`  ${turnText(turn)} (${order?.zone})`);
}
