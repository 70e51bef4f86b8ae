import { isRequestId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
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
import { changeState } from "./state.io.js";
import { noesOf, type OwnersState } from "./state.js";
import { giveWord } from "./words.io.js";

/** An owner at work: everything that a command of this side needs. */
export interface Owner {
  readonly cloud: Cloud;
  readonly household: Household;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Whom this client believes about the public log, and the text of it. */
  readonly policy: LogPolicy;
  readonly policyText: string;
}

/** One round, the same for every household: the feed is fetched, and what it is asked in emergencies; the owners' state is read and written back, and this owner's word given. */
export interface Round extends Owner {
  readonly shown: readonly ShownAsk[];
  /** Asked of this household alone, and told whether or not it has opted out of requests. */
  readonly emergencies: readonly ShownAsk[];
  readonly state: OwnersState;
}

export interface RoundOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** What changes in the owners' state with it. */
  readonly change?: (state: OwnersState) => OwnersState;
}

export async function beginRound(folder: string, { terminal, clock, change }: RoundOptions): Promise<Round> {
  const cloud = openCloud(folder);
  const household = await cloud.household();
  const me = household.newest.members.find(({ id }) => id === cloud.profile.member);
  if (me?.role !== "owner") throw new Refused("Only owners see and answer requests. Ask one of them.");
  const server = { url: cloud.profile.cloudUrl, ca: cloud.profile.ca };
  const { text: policyText, policy } = await pinnedPolicy(server, folder);
  const feed = await fetchFeed(server);
  const state = await changeState(cloud, household, change ?? ((same) => same));
  await giveWord(cloud, household, noesOf(state, cloud.profile.member), clock);
  const own = await cloud.get("/v1/household/emergencies");
  const asked = { shown: readFeed(feed, "requests"), emergencies: readFeed(own, "emergencies") };
  return { cloud, household, terminal, clock, policy, policyText, ...asked, state };
}

async function fetchFeed(server: Server): Promise<Fields> {
  const path = "/public/v1/feed";
  return fieldsOf(await takingPart(call(server, { method: "GET", path })), path);
}

/** The open request or emergency with this id, or why it is not to be trusted. */
export function findAsk(round: Round, id: string): TrustedAsk {
  const { shown, emergencies, state } = round;
  const emergency = emergencies.find(({ note }) => note.startsWith(`emergency/v1\n${id}\n`));
  if (emergency !== undefined) return trusted(round, emergency, `Emergency ${id}`);
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
