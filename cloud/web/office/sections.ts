import type { Static } from "typebox";
import { openAgreementChain } from "../../../shared/release/agreement.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { parseRequest } from "../../../shared/release/request.js";
import { textOf } from "../../../shared/seal/note.js";
import type { emergencies } from "../../api/contract/emergencies.js";
import type { preservations } from "../../api/contract/orders.js";
import type { agencysProcesses } from "../../api/contract/processes.js";
import type { agency, releaseList, requestList } from "../../api/contract/releases.js";
import {
  badge,
  cardList,
  clockOf,
  command,
  dayOf,
  head,
  heading,
  language,
  quiet,
  timeOf,
} from "../cards.js";
import { element } from "../dom.js";
import { stateAndWhy } from "../faults.js";
import { words } from "./words.js";

/** All that an officer may look at. */
export interface Agency {
  /** Absent on a cloud that takes no part in releases. */
  readonly agency: Static<typeof agency> | undefined;
  readonly requests: Static<typeof requestList>["requests"];
  readonly releases: Static<typeof releaseList>["releases"];
  readonly processes: Static<typeof agencysProcesses>["processes"];
  readonly preservations: Static<typeof preservations>["preservations"];
  readonly emergencies: Static<typeof emergencies>["emergencies"];
}

const word = words[language];
const says = (text: string): string => word.says[text] ?? text;

export function sectionsOf(known: Agency): readonly HTMLElement[] {
  const list = (title: string, cards: readonly HTMLElement[]) =>
    heading(title, cardList(cards, word.nothing));
  return [
    ...(known.agency === undefined ? [] : heading(word.agreement, ...agreementParts(known.agency))),
    ...list(word.emergencies, known.emergencies.map(emergencyCard)),
    ...list(
      word.releases,
      known.releases.map((one) => releaseCard(one, known)),
    ),
    ...list(
      word.requests,
      known.requests.map((one) => requestCard(one, known)),
    ),
    ...list(word.processes, known.processes.map(processCard)),
    ...list(word.preservations, known.preservations.map(preservationCard)),
  ];
}

function agreementParts({ agreements, state, publicSince, until, terms, why }: Static<typeof agency>) {
  const chain = openAgreementChain(agreements);
  const newest = chain.ok ? chain.value.at(-1) : undefined;
  const people = newest?.officers.map(({ name, role, id }) => `${name} (${says(role)}, ${id})`) ?? [];
  const mayAsk = state === "active" || state === "probation";
  const request =
    "lintel agency request new …\nlintel agency request cosign FILE\nlintel agency request submit FILE";
  return [
    element(
      "p",
      {},
      badge(stateAndWhy(says(state), why), looks(state)),
      ` ${mayAsk ? word.maySign : word.mayNot}`,
    ),
    ...(publicSince === undefined ? [] : [quiet(`${word.publicSince} ${dayOf(publicSince)}.`)]),
    ...(until === undefined ? [] : [line(`${says(state)} ${word.until} `, clockOf(until))]),
    quiet(`${word.people}: ${people.join(", ")}`),
    element("details", {}, element("summary", {}, word.terms), element("pre", {}, terms)),
    ...(mayAsk ? [command(word.newRequest, request)] : []),
  ];
}

function emergencyCard({
  id,
  state,
  file,
  danger,
  camera,
  from,
  to,
  until,
  paper,
}: Agency["emergencies"][number]) {
  const todo: Readonly<Record<string, string>> = {
    claimed: `lintel agency emergency cosign ${id}`,
    released: `lintel agency emergency paper ${id} FILE`,
    "not-released": `lintel agency emergency paper ${id} FILE`,
  };
  return card(
    id,
    head(file, badge(says(state), state === "unconfirmed" ? "bad" : "")),
    quiet(`${says(danger)} · ${camera} · ${timeOf(from)} – ${timeOf(to)}`),
    ...deadline(until),
    ...next(paper === undefined ? todo[state] : undefined),
  );
}

function releaseCard({ id, state, request, unreceipted, until }: Agency["releases"][number], known: Agency) {
  const words = ["dispose", "retain"].map((what) => `lintel agency ${what} ${id}`);
  const disposal = `${words.join("\n")} --ground NUMBER`;
  const receipt = `lintel agency receipt ${id}`;
  const todo: Readonly<Record<string, string>> = {
    available: `lintel agency fetch ${id} --out package.tar`,
    retrieved: receipt,
    custody: unreceipted ? `${receipt}\n${disposal}` : disposal,
    "disposal-asked": disposal,
    overdue: disposal,
  };
  const of = known.requests.find((one) => one.id === request);
  const asked = of && parseRequest(textOf(of.note));
  return card(
    id,
    head(`${word.released} ${asked?.ok ? asked.value.file : request}`, badge(says(state), looks(state))),
    ...(unreceipted ? [quiet(word.noReceipt)] : []),
    ...deadline(until),
    ...next(todo[state]),
  );
}

function requestCard(
  { id, state, note, rejection, errata, until }: Agency["requests"][number],
  known: Agency,
) {
  const asked = parseRequest(textOf(note));
  const chain = openAgreementChain(known.agency?.agreements ?? []);
  const agreement = chain.ok ? chain.value.at(-1) : undefined;
  const text = asked.ok && agreement !== undefined ? noticeOf(asked.value, agreement, language) : note;
  const more = [...(rejection === undefined ? [] : [rejection]), ...errata].map(says);
  const ends = ["resolve", "withdraw"].map((what) => `lintel agency request ${what} ${id}`).join("\n");
  return card(
    id,
    head(asked.ok ? asked.value.file : id, badge(says(state), looks(state))),
    element("p", {}, text),
    ...(more.length === 0 ? [] : [quiet(more.join(" · "))]),
    ...(state === "review" ? [quiet(word.wait)] : []),
    ...(state === "published" ? deadline(until) : []),
    ...next(state === "published" || state === "review" ? ends : undefined),
  );
}

function processCard({ id, state, file, type, receivedAt, dueAt }: Agency["processes"][number]) {
  const todo: Readonly<Record<string, string>> = {
    received: `lintel agency legal withdraw ${id}`,
    produced: `lintel agency legal fetch ${id} --out produced.tar`,
  };
  return card(
    id,
    head(file, badge(says(type)), badge(says(state))),
    quiet(`${word.since} ${timeOf(receivedAt)}`),
    ...deadline(dueAt),
    ...next(todo[state]),
  );
}

function preservationCard({
  id,
  state,
  file,
  camera,
  from,
  to,
  until,
  renewed,
}: Agency["preservations"][number]) {
  const renew = state === "active" && renewed === false ? `lintel agency preserve renew ${id}` : undefined;
  return card(
    id,
    head(file, badge(says(state === "asked" ? "received" : state))),
    quiet(`${camera} · ${timeOf(from)} – ${timeOf(to)}`),
    ...deadline(until),
    ...next(renew),
  );
}

function looks(state: string): string {
  if (["active", "published", "attested"].includes(state)) return "good";
  return ["probation", "suspended", "revoked", "frozen", "overdue", "disposal-asked"].includes(state)
    ? "bad"
    : "";
}

function deadline(until: string | undefined): readonly HTMLElement[] {
  return until === undefined ? [] : [line(`${word.until} `, clockOf(until))];
}

function next(text: string | undefined): readonly HTMLElement[] {
  return text === undefined ? [] : [command(word.withKey, text)];
}

function card(id: string, ...parts: readonly HTMLElement[]): HTMLElement {
  return element("li", { id }, ...parts);
}

function line(...parts: readonly (string | HTMLElement)[]): HTMLElement {
  return element("p", {}, ...parts);
}
