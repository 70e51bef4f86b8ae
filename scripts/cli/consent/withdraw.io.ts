import { isReleaseId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { parseAuthorisation } from "../../../shared/release/authorisation.js";
import { dangers } from "../../../shared/release/emergency.js";
import { formatWithdrawal } from "../../../shared/release/withdrawal.js";
import type { Hash } from "../../../shared/seal/hash.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import type { Fields } from "../fields.js";
import { Problem } from "../http.io.js";
import { noteSigner } from "../member/charter.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { recordOf, without } from "./drafts.js";
import { beginAnswer, type Owner } from "./owner.io.js";
import { type OwnersState, withNo } from "./state.js";

const path = "/v1/releases";
/** In which an emergency's answer waits for its fixed time. */
const waiting: readonly string[] = ["preparing", "in-review", "escrowed"];

/** Takes back what was authorised: before it is handed over without a trace, and afterwards as far as it goes. */
export async function memberWithdraw(
  folder: string,
  record: string,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  if (!isReleaseId(record))
    throw new Refused(`"${record}" is no authorisation. See: lintel member authorisations`);
  const round = await beginAnswer(folder, { terminal, clock });
  const { role, cloud } = round;
  // Who takes a yes back does not want contacts to give it.
  const saysNo = (state: OwnersState, note: string | undefined): OwnersState => {
    const claim = note === undefined ? undefined : claimIn(note);
    return role === "owner" && claim !== undefined ? withNo(state, cloud.profile.member, claim) : state;
  };
  const draft = round.state.drafts.find(({ note }) => recordOf(note) === record)?.note;
  await beginAnswer(folder, {
    terminal,
    clock,
    change: (now) => saysNo({ ...now, drafts: without(now.drafts, record) }, draft),
  });
  const ended = await takeBack(round, record);
  const handed = ended?.text("authorisation");
  if (draft === undefined && handed !== undefined)
    await beginAnswer(folder, { terminal, clock, change: (now) => saysNo(now, handed) });
  const left = ended?.text("state") ?? "never-handed-over";
  terminal.json({ record, state: left });
  terminal.say(
    left === "disposal-asked"
      ? "Withdrawn. The agency had fetched it: it has been asked to dispose of it, and nobody can recall what was downloaded."
      : "Withdrawn. Nobody outside has it, and nobody gets it.",
  );
}

/** Ends what contacts have handed over for an emergency and its agency was not told of yet. */
export async function takeBackContacts(owner: Owner, emergency: string): Promise<void> {
  const releases = await owner.cloud.list(path, "releases", (item) => ({
    ...{ record: item.text("id"), request: item.text("request"), state: item.text("state") },
    authorisation: item.text("authorisation"),
  }));
  for (const { record, request, state, authorisation } of releases) {
    const said = parseAuthorisation(textOf(authorisation));
    const byContacts = said.ok && said.value.basis === "contacts";
    if (byContacts && request === emergency && waiting.includes(state)) await takeBack(owner, record);
  }
}

/** The release as it is then; `undefined` for what was never handed over. */
async function takeBack({ cloud, household, clock }: Owner, record: string): Promise<Fields | undefined> {
  if (!isReleaseId(record)) return undefined;
  const withdrawal = { release: record, household: household.newest.household, at: clock.wall() };
  const note = signNote(formatWithdrawal(withdrawal), [noteSigner(cloud.profile)]);
  try {
    await cloud.call({ method: "POST", path: `${path}/${record}/withdraw`, body: { note } });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
  return cloud.get(`${path}/${record}`);
}

/** The emergency's claim that a note answers, by its hash. */
function claimIn(note: string): Hash | undefined {
  const said = parseAuthorisation(textOf(note));
  return said.ok && dangers.some((danger) => danger === said.value.purpose)
    ? said.value.requestHash
    : undefined;
}
