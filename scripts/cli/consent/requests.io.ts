import { setTimeout as wait } from "node:timers/promises";
import type { CameraId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { formatDegrees, parseDegrees } from "../../../shared/release/area.js";
import { isClaim, purposeOf } from "../../../shared/release/ask.js";
import { type Language, noticeOf } from "../../../shared/release/notice.js";
import { keepCopies } from "../member/copies.io.js";
import { copiesIn } from "../member/copy.io.js";
import { findCamera } from "../member/household.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { camerasIn, type TrustedAsk, trustAsk } from "./feed.js";
import { beginRound, type Round, trustOf } from "./owner.io.js";
import { askSentence } from "./sentences.js";

/** From the beginning of a round to that of the next one, for a client that follows: what a round found, or cost, shows nowhere. */
export const roundMillis = 60 * 60_000;
/** Of a round, for sealed copies of recordings; what is not here by then comes with the next one. */
const copyingMillis = 45 * 60_000;

export interface RequestsOptions {
  readonly action?: "on" | "off" | undefined;
  readonly language: Language;
  readonly all?: boolean;
  readonly follow?: boolean;
  /** Unless false, who follows fetches a sealed copy of every recording, so that looking at one tells nobody. */
  readonly copies?: boolean;
}

/** Shows the open requests that concern the household, as this computer alone can tell, or opts out of all of them. */
export async function memberRequests(
  folder: string,
  { action, follow, copies = true, ...options }: RequestsOptions,
  terminal: Terminal,
  clock: Clock = systemClock,
  rest: (forMillis: number) => Promise<unknown> = wait,
): Promise<void> {
  if (action !== undefined) return opt(folder, action, { terminal, clock });
  const told = new Set<string>();
  let next: number = clock.monotonic();
  let before: number | undefined;
  const once = async (): Promise<void> => {
    const copyUntil = next + copyingMillis;
    const round = await beginRound(folder, { terminal, clock });
    // Begun before anything is told: when it begins does not depend on what there is to tell.
    const copying = follow && copies && keepCopies({ ...round, goesOn: () => clock.monotonic() < copyUntil });
    tell(round, options, told);
    const copied = await copying;
    if (copied === false || copied === undefined || copied === before) return;
    before = copied;
    terminal.json({ copies: copied, folder: copiesIn(round.cloud) });
    terminal.say(`Recordings that lie here as sealed copies: ${copied}, in ${copiesIn(round.cloud)}`);
  };
  await once();
  while (follow) {
    next += roundMillis;
    await rest(Math.max(0, next - clock.monotonic()));
    await once().catch((error: unknown) => {
      // A cloud that is away for a night ends nothing.
      if (!(error instanceof Error)) throw error;
      terminal.warn(`This round failed; the next one is in an hour. ${error.message}`);
    });
  }
}

async function opt(
  folder: string,
  action: "on" | "off",
  { terminal, clock }: Pick<Round, "terminal" | "clock">,
): Promise<void> {
  const optedOut = action === "off";
  await beginRound(folder, { terminal, clock, change: (state) => ({ ...state, optedOut }) });
  terminal.json({ requests: action });
  terminal.say(
    optedOut
      ? "Opted out: no request is shown to any owner any more, until one of you turns it back: lintel member requests on"
      : "Requests are shown again.",
  );
}

function tell(
  round: Round,
  { language, all = false }: Pick<RequestsOptions, "language" | "all">,
  told: Set<string>,
): void {
  const { shown, state, household, terminal } = round;
  if (state.optedOut) {
    terminal.say("Your household has opted out of requests.");
    return;
  }
  const asks = shown.map((one) => trustAsk(one, trustOf(round)));
  for (const ask of asks) if (!ask.ok) terminal.warn(`A request is not shown. ${askSentence(ask.error)}`);
  const trusted = asks.flatMap((ask) => (ask.ok ? [ask.value] : []));
  const matching = trusted.map((ask) => ({ ask, cameras: camerasIn(ask, state.places) }));
  const concerning = matching.filter(({ cameras }) => all || cameras.length > 0);
  for (const { ask, cameras } of concerning) {
    if (told.has(ask.request.id)) continue;
    told.add(ask.request.id);
    const names = cameras.map((id) => findCamera(household, id)?.name ?? id);
    show(ask, { cameras, names, language }, terminal);
  }
  if (concerning.length === 0 && told.size === 0) terminal.say(nothingSentence(trusted, state.places.size));
}

function nothingSentence(trusted: readonly TrustedAsk[], placed: number): string {
  if (placed === 0)
    return `Open requests: ${trusted.length}. Say where your cameras stand, and this computer alone finds those that concern you: lintel member place CAMERA "48.8867, 2.3431"`;
  return `Of the open requests (${trusted.length}) none concerns your cameras. Nobody else knows that.`;
}

/** One that this computer trusts, in the fixed words. */
export function show(
  { request, agreement, agency }: TrustedAsk,
  {
    cameras,
    names,
    language,
  }: { cameras: readonly CameraId[]; names: readonly string[]; language: Language },
  terminal: Terminal,
): void {
  const { id, file } = request;
  const category = purposeOf(request);
  const window = { from: new Date(request.from).toISOString(), to: new Date(request.to).toISOString() };
  const notice = noticeOf(request, agreement, language);
  terminal.json({ request: id, agency: request.agency, category, file, ...window, cameras, notice });
  terminal.say(`${isClaim(request) ? "Emergency" : "Request"} ${id}`);
  terminal.say(`  ${notice}`);
  if (agency.state === "probation") terminal.say("  This agency is on probation.");
  if (names.length > 0 && !isClaim(request)) terminal.say(`  In that area: ${names.join(", ")}.`);
}

/** Says where a camera stands. It is kept in the owners' sealed state, and leaves it for nobody. */
export async function memberPlace(
  folder: string,
  { camera: id, place: text }: { readonly camera: string; readonly place: string },
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const place = text === "none" ? undefined : parseDegrees(text);
  if (place === undefined && text !== "none")
    throw new Refused(
      `"${text}" is no place. Write latitude and longitude in degrees, such as "48.8867, 2.3431", or none.`,
    );
  const { household } = await beginRound(folder, { terminal, clock });
  const camera = household.newest.cameras.find((one) => one.id === id || one.name === id);
  if (camera === undefined)
    throw new Refused(`Your household has no camera ${id}. See: lintel member cameras`);
  await beginRound(folder, {
    terminal,
    clock,
    change(state) {
      const places = new Map(state.places);
      if (place === undefined) places.delete(camera.id);
      else places.set(camera.id, place);
      return { ...state, places };
    },
  });
  terminal.json({ camera: camera.id, place: place === undefined ? null : formatDegrees(place) });
  terminal.say(
    place === undefined
      ? `Nothing is known any more of where ${camera.name} stands.`
      : `${camera.name} stands at ${formatDegrees(place)}. Only the owners' computers know that.`,
  );
}
