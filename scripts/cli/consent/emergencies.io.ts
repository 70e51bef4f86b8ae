import { ownersOf } from "../../../shared/charter/succession.js";
import { millis } from "../../../shared/kernel/brand.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { utcText } from "../../../shared/kernel/utc.js";
import { isClaim } from "../../../shared/release/ask.js";
import { answerMillis } from "../../../shared/release/emergency.js";
import type { Language } from "../../../shared/release/notice.js";
import { findCamera } from "../member/household.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { basisOf } from "./contacts.io.js";
import { camerasIn, type TrustedAsk, trustAsk } from "./feed.js";
import { beginAnswer, beginRound, claimAsked, findAsk, notHeard, type Round, trustOf } from "./owner.io.js";
import { show } from "./requests.io.js";
import { askSentence } from "./sentences.js";
import { withNo } from "./state.js";
import { saysTo, wordsOf } from "./words.io.js";

/** Shows the emergencies in which the household is asked now, or its contacts are, each only once everything in it has held here. */
export async function memberEmergencies(
  folder: string,
  language: Language,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const round = await beginAnswer(folder, { terminal, clock });
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
    await tellHow(round, ask.value);
  }
  if (emergencies.length === 0)
    terminal.say(
      round.role === "owner"
        ? "Your household is asked in no emergency."
        : "There is no emergency in which you are asked. Contacts are asked once the owners had 30 minutes, and did not answer.",
    );
}

/** A contact is told, too, why there is nothing to answer. */
async function tellHow(round: Round, ask: TrustedAsk): Promise<void> {
  const { role, terminal } = round;
  const { id } = ask.request;
  const share = `lintel member authorise ${id} CLIP…`;
  if (role === "owner") return terminal.say(`  If you want to share: ${share}`);
  const why = await whyNot(round, ask);
  terminal.json({ request: id, mayAnswer: why === undefined });
  if (why !== undefined) return terminal.say(`  You cannot answer. ${why}`);
  const until = utcText(millis(ask.askedAt + answerMillis));
  terminal.say(
    "  What it is about: lintel member clips, lintel member open CLIP. The owners are told that you look.",
  );
  terminal.say(`  If two of you contacts want to share, by ${until}: ${share}`);
}

async function whyNot(round: Round, ask: TrustedAsk): Promise<string | undefined> {
  try {
    await basisOf(round, ask);
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
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
  // One word is given, with the no: none without it comes just before.
  const round = await beginRound(folder, {
    ...{ terminal, clock },
    change: (state, asked) => {
      const claim = claimAsked(asked, id);
      return claim === undefined ? state : withNo(state, asked.cloud.profile.member, claim);
    },
  });
  const { request } = findAsk(round, id);
  if (!isClaim(request))
    throw new Refused("A request needs no answer: silence is no, and nobody will know. Nothing was said.");
  if (!round.isHeard) throw new Refused(`Your no was not heard. ${notHeard}`);
  terminal.json({ request: request.id, says: "no" });
  terminal.say("Said no, sealed: your co-owners' and contacts' computers can read it, and nobody else.");
  terminal.say("  The agency hears what it hears of silence.");
}
