import { ownersOf } from "../../../shared/charter/succession.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { isClaim } from "../../../shared/release/ask.js";
import type { Language } from "../../../shared/release/notice.js";
import { noesMax } from "../../../shared/release/ownersword.js";
import { findCamera } from "../member/household.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { camerasIn, trustAsk } from "./feed.js";
import { beginRound, findAsk, trustOf } from "./owner.io.js";
import { show } from "./requests.io.js";
import { askSentence } from "./sentences.js";
import type { No, OwnersState } from "./state.js";
import { saysTo, wordsOf } from "./words.io.js";

/** Shows the emergencies in which the household is asked now, each only once everything in it has held here. */
export async function memberEmergencies(
  folder: string,
  language: Language,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginRound(folder, { terminal, clock });
  const { cloud, emergencies, household, state } = round;
  const words = await wordsOf(cloud, household);
  for (const one of emergencies) {
    const ask = trustAsk(one, trustOf(round));
    if (!ask.ok) {
      terminal.warn(`An emergency is not shown. ${askSentence(ask.error)}`);
      continue;
    }
    const cameras = camerasIn(ask.value, state.places);
    const names = cameras.map((id) => findCamera(household, id)?.name ?? id);
    show(ask.value, { cameras, names, language }, terminal);
    const { id, hash: claim } = ask.value.request;
    for (const owner of ownersOf(household.newest)) {
      const says = saysTo(words.get(owner.id), { claim, asked: ask.value.askedAt });
      terminal.json({ request: id, owner: owner.name, says });
      terminal.say(`  ${owner.name}: ${sayings[says]}`);
    }
    terminal.say(`  If you want to share: lintel member authorise ${ask.value.request.id} CLIP…`);
  }
  if (emergencies.length === 0) terminal.say("Your household is asked in no emergency.");
}

const sayings = {
  no: "says no.",
  silent: "has not answered; their computer was at work since.",
  "not-heard": "has not answered; nothing was heard of their computer since.",
} as const;

/** An owner's no: it lies in a file that this computer hands in anyway, and that owners and contacts alone can open. */
export async function memberRefuse(
  folder: string,
  id: string,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginRound(folder, { terminal, clock });
  const { request } = findAsk(round, id);
  if (!isClaim(request))
    throw new Refused("A request needs no answer: silence is no, and nobody will know. Nothing was said.");
  const no: No = { member: round.cloud.profile.member, claim: request.hash };
  const withNo = ({ noes, ...state }: OwnersState): OwnersState => {
    const others = noes.filter(({ member, claim }) => member !== no.member || claim !== no.claim);
    return { ...state, noes: [...others, no].slice(-noesMax) };
  };
  await beginRound(folder, { terminal, clock, change: withNo });
  terminal.json({ request: request.id, says: "no" });
  terminal.say("Said no, sealed: your co-owners' and contacts' computers can read it, and nobody else.");
  terminal.say("  The agency hears what it hears of silence.");
}
