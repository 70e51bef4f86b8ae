import type { Clock } from "../../../shared/kernel/ports.js";
import type { Language } from "../../../shared/release/notice.js";
import { findCamera } from "../member/household.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { camerasIn, trustAsk } from "./feed.js";
import { beginRound, trustOf } from "./owner.io.js";
import { show } from "./requests.io.js";
import { askSentence } from "./sentences.js";

/** Shows the emergencies in which the household is asked now, each only once everything in it has held here. */
export async function memberEmergencies(
  folder: string,
  language: Language,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginRound(folder, { terminal, clock });
  const { emergencies, household, state } = round;
  for (const one of emergencies) {
    const ask = trustAsk(one, trustOf(round));
    if (!ask.ok) {
      terminal.warn(`An emergency is not shown. ${askSentence(ask.error)}`);
      continue;
    }
    const cameras = camerasIn(ask.value, state.places);
    const names = cameras.map((id) => findCamera(household, id)?.name ?? id);
    show(ask.value, { cameras, names, language }, terminal);
    terminal.say(`  If you want to share: lintel member authorise ${ask.value.request.id} CLIP…`);
  }
  if (emergencies.length === 0) terminal.say("Your household is asked in no emergency.");
}
