import type { Role } from "../../../shared/charter/lines.js";
import { isRequestId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import type { Hash } from "../../../shared/seal/hash.js";
import type { LogPolicy } from "../../../shared/tlog/checkpoint.js";
import { type Fields, fieldsOf } from "../fields.js";
import { call, type Server } from "../http.io.js";
import { type Cloud, openCloud } from "../member/cloud.io.js";
import type { Household } from "../member/household.js";
import { pinnedPolicy } from "../member/logcheck.io.js";
import { Refused } from "../refused.js";
import { takingPart } from "../takingpart.js";
import type { Terminal } from "../terminal.io.js";
import { readFeed, type ShownAsk, type Trust, type TrustedAsk, trustAsk } from "./feed.js";
import { askSentence } from "./sentences.js";
import { type Circle, changeState, stateNow } from "./state.io.js";
import { noesOf, type OwnersState } from "./state.js";
import { takeBackContacts } from "./takeback.io.js";
import { giveWord } from "./words.io.js";

/** An owner at work, or a contact in an emergency: everything that a command of this side needs. */
export interface Owner {
  readonly role: Circle;
  readonly cloud: Cloud;
  readonly household: Household;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Whom this client believes about the public log, and the text of it. */
  readonly policy: LogPolicy;
  readonly policyText: string;
}

/** One round, the same for every household: the feed is fetched, and what it is asked in emergencies; the owners' state is read and written back, this owner's word given, and looked for. */
export interface Round extends Asked {
  readonly state: OwnersState;
  /** Whether the cloud then shows this owner's word, with each of their noes; what contacts begin is no word. */
  readonly isHeard: boolean;
}

/** What a round has fetched when the state is about to change. */
export interface Asked extends Owner {
  readonly shown: readonly ShownAsk[];
  /** Asked of this household alone, and told whether or not it has opted out of requests. */
  readonly emergencies: readonly ShownAsk[];
}

export interface RoundOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** What changes in the owners' state with it. */
  readonly change?: (state: OwnersState, asked: Asked) => OwnersState;
}

/** An owner's. */
export async function beginRound(folder: string, options: RoundOptions): Promise<Round> {
  const { me, ...who } = await whoIs(folder, options);
  if (me !== "owner") throw new Refused("Only owners see and answer requests. Ask one of them.");
  return ownersRound({ ...who, role: me }, options);
}

/** An owner's, or a contact's: these are shown emergencies alone, and only once the owners had their time. */
export async function beginAnswer(folder: string, options: RoundOptions): Promise<Round> {
  const { me, ...who } = await whoIs(folder, options);
  if (me === "owner") return ownersRound({ ...who, role: me }, options);
  if (me !== "contact") throw new Refused("Only owners, and contacts in an emergency, may do this.");
  return contactsRound({ ...who, role: me }, options);
}

async function whoIs(
  folder: string,
  { terminal, clock }: RoundOptions,
): Promise<Omit<Owner, "role"> & { readonly me: Role | undefined }> {
  const cloud = openCloud(folder);
  const household = await cloud.household();
  const me = household.newest.members.find(({ id }) => id === cloud.profile.member)?.role;
  const { text: policyText, policy } = await pinnedPolicy(serverOf(cloud), folder);
  return { me, cloud, household, terminal, clock, policy, policyText };
}

async function ownersRound(owner: Owner, { change = same }: RoundOptions): Promise<Round> {
  const { cloud, household } = owner;
  const feed = await fetchFeed(serverOf(cloud));
  const own = await cloud.get("/v1/household/emergencies");
  const asked = { ...owner, shown: readFeed(feed, "requests"), emergencies: readFeed(own, "emergencies") };
  const state = await changeState(cloud, household, (now) => change(now, asked));
  const isHeard = await sayNoes(owner, noesOf(state, cloud.profile.member));
  if (!isHeard) owner.terminal.warn(notHeard);
  // Looked for whatever this owner says; a no that came late, or whose client was killed, ends it now.
  if (asked.emergencies.length > 0) await takeBackContacts(owner, noesOf(state, cloud.profile.member));
  return { ...asked, state, isHeard };
}

/** Another computer of this owner's may put a no into the state meanwhile, and its word be the older: then it is said again. */
async function sayNoes({ cloud, household, clock }: Owner, said: readonly Hash[]): Promise<boolean> {
  const isHeard = await giveWord(cloud, household, said, clock);
  const noes = noesOf(await stateNow(cloud), cloud.profile.member);
  return noes.every((no) => said.includes(no)) ? isHeard : giveWord(cloud, household, noes, clock);
}

export const notHeard =
  "The cloud does not show what you say to emergencies: your contacts may read no no of yours. Check this computer's clock and try again at once; if that does not help, call your contacts and co-owners.";

async function contactsRound(contact: Owner, { change = same }: RoundOptions): Promise<Round> {
  const { cloud, household } = contact;
  const own = await takingPart(cloud.get("/v1/household/emergencies"));
  const asked = { ...contact, shown: [], emergencies: readFeed(own, "emergencies") };
  const state = await changeState(cloud, household, (now) => change(now, asked), "contact");
  return { ...asked, state, isHeard: true };
}

const same = (state: OwnersState): OwnersState => state;
const serverOf = ({ profile }: Cloud): Server => ({ url: profile.cloudUrl, ca: profile.ca });

async function fetchFeed(server: Server): Promise<Fields> {
  const path = "/public/v1/feed";
  return fieldsOf(await takingPart(call(server, { method: "GET", path })), path);
}

/** What a no to this emergency names; `undefined` for what is none, or is not to be trusted. */
export function claimAsked(asked: Asked, id: string): Hash | undefined {
  const found = asked.emergencies.find((one) => isEmergency(one, id));
  const ask = found && trustAsk(found, trustOf(asked));
  return ask?.ok === true ? ask.value.request.hash : undefined;
}

const isEmergency = ({ note }: ShownAsk, id: string): boolean => note.startsWith(`emergency/v1\n${id}\n`);

/** The open request or emergency with this id, or why it is not to be trusted. */
export function findAsk(round: Round, id: string): TrustedAsk {
  const { shown, emergencies, state } = round;
  const emergency = emergencies.find((one) => isEmergency(one, id));
  if (emergency !== undefined) return trusted(round, emergency, `Emergency ${id}`);
  if (round.role === "contact")
    throw new Refused(
      `Contacts are not asked in an emergency ${id} now: that is so for its first 30 minutes, once something was released for it, and after its end.`,
    );
  if (state.optedOut)
    throw new Refused(
      "Your household has opted out of requests. An owner may turn that back: lintel member requests on",
    );
  if (!isRequestId(id)) throw new Refused(`"${id}" is no request's id. See: lintel member requests`);
  const found = shown.find(({ note }) => note.startsWith(`request/v1\n${id}\n`));
  if (found === undefined)
    throw new Refused(
      `${id} is not open, or there is none. See: lintel member requests, lintel member emergencies`,
    );
  return trusted(round, found, `Request ${id}`);
}

function trusted(round: Round, found: ShownAsk, name: string): TrustedAsk {
  const ask = trustAsk(found, trustOf(round));
  if (!ask.ok) throw new Refused(`${name} is not to be trusted. ${askSentence(ask.error)}`);
  return ask.value;
}

export const trustOf = ({ policy, clock, household }: Owner): Trust => ({
  ...{ policy, now: clock.wall(), home: household.newest },
});
