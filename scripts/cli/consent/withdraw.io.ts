import { isReleaseId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { parseAuthorisation } from "../../../shared/release/authorisation.js";
import { dangers } from "../../../shared/release/emergency.js";
import type { Hash } from "../../../shared/seal/hash.js";
import { textOf } from "../../../shared/seal/note.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { recordOf, without } from "./drafts.js";
import { beginAnswer, notHeard, type Owner } from "./owner.io.js";
import { type OwnersState, withNo } from "./state.js";
import { takeBack } from "./takeback.io.js";

/** Takes back what was authorised: before it is handed over without a trace, and afterwards as far as it goes. */
export async function memberWithdraw(
  folder: string,
  record: string,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  if (!isReleaseId(record))
    throw new Refused(`"${record}" is no authorisation. See: lintel member authorisations`);
  let draft: string | undefined;
  const round = await beginAnswer(folder, {
    ...{ terminal, clock },
    change: (now, asked) => {
      draft = now.drafts.find(({ note }) => recordOf(note) === record)?.note;
      return withNoTo({ ...now, drafts: without(now.drafts, record) }, asked, draft);
    },
  });
  const ended = await takeBack(round, record);
  const handed = draft === undefined ? ended?.text("authorisation") : undefined;
  const change = (now: OwnersState) => withNoTo(now, round, handed);
  const last = handed === undefined ? round : await beginAnswer(folder, { terminal, clock, change });
  if (!last.isHeard) throw new Refused(`It is withdrawn, but that you say no was not heard. ${notHeard}`);
  const left = ended?.text("state") ?? "never-handed-over";
  terminal.json({ record, state: left });
  terminal.say(
    left === "disposal-asked"
      ? "Withdrawn. The agency had fetched it: it has been asked to dispose of it, and nobody can recall what was downloaded."
      : "Withdrawn. Nobody outside has it, and nobody gets it.",
  );
}

/** Who takes a yes back does not want contacts to give it. */
function withNoTo(state: OwnersState, { role, cloud }: Owner, note: string | undefined): OwnersState {
  const claim = note === undefined ? undefined : claimIn(note);
  return role === "owner" && claim !== undefined ? withNo(state, cloud.profile.member, claim) : state;
}

/** The emergency's claim that a note answers, by its hash. */
function claimIn(note: string): Hash | undefined {
  const said = parseAuthorisation(textOf(note));
  return said.ok && dangers.some((danger) => danger === said.value.purpose)
    ? said.value.requestHash
    : undefined;
}
