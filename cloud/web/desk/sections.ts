import type { Static } from "typebox";
import { openAgreementChain } from "../../../shared/release/agreement.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { parseRequest } from "../../../shared/release/request.js";
import { textOf } from "../../../shared/seal/note.js";
import type { operatorsAccesses } from "../../api/contract/accesses.js";
import type { emergencies } from "../../api/contract/emergencies.js";
import type { queue } from "../../api/contract/orders.js";
import type { operatorsPressures } from "../../api/contract/pressures.js";
import type { operatorsProcesses } from "../../api/contract/processes.js";
import type { rejectBody, requestList, reviewList, vettingList } from "../../api/contract/releases.js";
import { badge, cardList, clockOf, command, head, heading, language, quiet, timeOf } from "../cards.js";
import { button, element } from "../dom.js";
import { words } from "./words.js";

/** All that an operator may look at. */
export interface Desk {
  readonly queue: Static<typeof queue>["waiting"];
  readonly accesses: Static<typeof operatorsAccesses>["accesses"];
  readonly emergencies: Static<typeof emergencies>["emergencies"];
  readonly processes: Static<typeof operatorsProcesses>["processes"];
  readonly pressures: Static<typeof operatorsPressures>["pressures"];
  readonly agencies: Static<typeof vettingList>["agencies"];
  readonly requests: Static<typeof requestList>["requests"];
  readonly reviews: Static<typeof reviewList>["reviews"];
}

/** Who looks, and what they can do from here. */
export interface Hand {
  readonly me: string;
  readonly act: (path: string, body?: object) => Promise<void>;
}

const word = words[language];
const reasons: readonly Static<typeof rejectBody>["why"][] = [
  ...(["not-of-this-category", "not-of-this-agency", "repeats-another", "not-plausible"] as const),
];
const says = (text: string): string => word.says[text] ?? text;

/** What has a clock that ends soonest stands first. */
export function sectionsOf(desk: Desk, hand: Hand): readonly HTMLElement[] {
  const list = (title: string, cards: readonly HTMLElement[]) =>
    heading(title, cardList(cards, word.nothing));
  return [
    ...list(word.emergencies, emergencyCards(desk, hand)),
    ...list(word.processes, processCards(desk, hand)),
    ...list(word.preservations, preservationCards(desk)),
    ...list(word.pressures, pressureCards(desk, hand)),
    ...list(word.accesses, accessCards(desk, hand)),
    ...list(word.requests, requestCards(desk, hand)),
    ...list(word.releases, reviewCards(desk, hand)),
    ...list(word.agencies, agencyCards(desk, hand)),
  ];
}

function emergencyCards(desk: Desk, hand: Hand) {
  return desk.emergencies.filter(waits).map((one) => emergencyCard(one, desk, hand));
}

/** Told to its agency; a court's paper is due. */
const isOver = (state: string): boolean => state === "released" || state === "not-released";

type Emergency = Desk["emergencies"][number];
const pair = ["cosigned", "called-back"];

function waits({ state, paper }: Emergency): boolean {
  return [...pair, "asked"].includes(state) || (isOver(state) && paper !== undefined);
}

function emergencyCard(emergency: Emergency, { queue: waiting, agencies }: Desk, { act }: Hand) {
  const { id, state, agency, file, danger, camera, from, to, until } = emergency;
  const answer = (what: string) => () => act(`emergencies/${id}/answer`, { answer: what });
  const find = ["genuine", "not-genuine"].map((what) => `lintel operator emergency find ${id} ${what}`);
  return card(
    id,
    head(`${nameOf(agency, agencies)} · ${file}`, badge(says(state), "bad")),
    quiet(`${says(danger)} · ${camera} · ${timeOf(from)} – ${timeOf(to)}`),
    ...(until === undefined ? [] : [line(`${word.until} `, clockOf(until))]),
    ...(state === "cosigned" ? callBack(id, waiting) : []),
    ...(state === "called-back" ? [line(word.of2(1))] : []),
    ...(isOver(state) ? [command(word.withKey, find.join("\n"))] : []),
    row(
      ...(state === "called-back" ? [button(word.agree, answer("agree"))] : []),
      ...(pair.includes(state) ? [button(word.deny, answer("deny"), "danger")] : []),
    ),
  );
}

function processCards({ processes, queue: waiting, agencies }: Desk, hand: Hand) {
  const open = processes.filter(({ state }) => state === "received" || state === "authenticated");
  return open.map((process) => {
    const { id, state, agency, file, type, items, returnBy } = process;
    return card(
      id,
      head(`${nameOf(agency, agencies)} · ${file}`, badge(says(type)), badge(says(state))),
      ...(returnBy === undefined ? [] : [line(`${word.until} `, clockOf(returnBy))]),
      element("ol", { class: "lines", start: "0" }, ...items.map(processLine)),
      ...(state === "received" ? callBack(id, waiting) : verdictOf(process, hand)),
    );
  });
}

function processLine({ data, camera, from, to, fault }: Desk["processes"][number]["items"][number]) {
  const window = from === undefined || to === undefined ? [] : [`${timeOf(from)} – ${timeOf(to)}`];
  const faults = fault === undefined ? [] : [`${word.reachesNothing}: ${fault}`];
  return element("li", {}, [says(data), camera ?? "–", ...window, ...faults].join(" · "));
}

function verdictOf({ id, proposed }: Desk["processes"][number], { me, act }: Hand): readonly HTMLElement[] {
  const scope = ["produce", "reject", "challenge"].map((what) => `lintel operator scope ${id} ${what}`);
  if (proposed === undefined) return [command(word.withKey, scope.join("\n"))];
  const { verdict, keep, by, hash: proposal } = proposed;
  const what = [says(verdict), ...(keep.length === 0 ? [] : [word.answered(keep.join(", "))])].join(", ");
  const answer = (said: string) => () => act(`processes/${id}/answer`, { answer: said, proposal });
  return [
    said([by], me, what),
    ...(by === me
      ? []
      : [row(button(word.confirm, answer("confirm")), button(word.object, answer("object"), "danger"))]),
  ];
}

function preservationCards({ queue: waiting }: Desk) {
  return waiting
    .filter(({ what }) => what === "preservation")
    .map(({ id, name, agency, since }) =>
      card(
        id,
        head(name ?? agency ?? id, badge(says("received"))),
        quiet(`${word.since} ${timeOf(since)}`),
        ...callBack(id, waiting),
      ),
    );
}

function accessCards({ accesses }: Desk, { me, act }: Hand) {
  const open = accesses.filter(({ state }) => ["requested", "active", "expired"].includes(state));
  return open.map(({ id, state, ticket, scope, minutes, household, by, second, until }) => {
    const path = `accesses/${id}`;
    const answer = (what: string) => () => act(`${path}/answer`, { answer: what });
    const review = (finding: string) => () => act(`${path}/review`, { finding });
    const mine = [by.id, second?.id].includes(me);
    const buttons = {
      requested: [button(word.approve, answer("approve")), button(word.refuse, answer("refuse"), "danger")],
      expired: [
        button(word.inOrder, review("in-order")),
        button(word.notInOrder, review("not-in-order"), "danger"),
      ],
    }[state === "requested" ? "requested" : "expired"];
    return card(
      id,
      head(`${ticket} · ${household}`, badge(says(state))),
      quiet(`${scope.map(says).join(", ")} · ${minutes} min`),
      ...(state === "active" && until !== undefined ? [line(`${word.until} `, clockOf(until))] : []),
      said(
        [by.id, ...(second === undefined ? [] : [second.id])],
        me,
        [by.name, second?.name].filter(Boolean).join(", "),
      ),
      row(
        ...(state === "active" ? [button(word.end, () => act(`${path}/end`), "danger")] : []),
        ...(state !== "active" && !mine ? buttons : []),
      ),
    );
  });
}

/** What was reported is sealed: it is read at the command line. */
function pressureCards({ pressures, agencies }: Desk, hand: Hand) {
  const open = pressures.filter(({ state }) => state === "received" || state === "upheld");
  return open.map((report) => {
    const { id, state, agency, kind, at, about, until } = report;
    return card(
      id,
      head(
        `${nameOf(agency, agencies)} · ${says(kind)}`,
        badge(says(state === "received" ? "review" : state)),
      ),
      quiet([timeOf(at), ...(about === undefined ? [] : [about])].join(" · ")),
      ...(until === undefined ? [] : [line(`${word.takesEffect} `, clockOf(until))]),
      ...(state === "received" ? findingOf(report, hand) : []),
    );
  });
}

function findingOf({ id, findings }: Desk["pressures"][number], { me, act }: Hand): readonly HTMLElement[] {
  const pressure = "lintel operator pressure";
  const key = command(word.withKey, `${pressure} read ${id}\n${pressure} find ${id} upheld|not-upheld`);
  const words = findings.flatMap(({ by, finding }) => {
    const agree = () => act(`pressures/${id}/finding`, { finding });
    const second = by === me ? [] : [row(button(`${word.confirm}: ${says(finding)}`, agree))];
    return [said([by], me, says(finding)), ...second];
  });
  return [key, ...words];
}

function requestCards({ requests, agencies }: Desk, { act }: Hand) {
  return requests.map(({ id, agency, note }) => {
    const asked = parseRequest(textOf(note));
    const agreement = agreementOf(agency, agencies);
    const text = asked.ok && agreement !== undefined ? noticeOf(asked.value, agreement, language) : note;
    const reject = reasons.map((why) =>
      button(says(why), () => act(`requests/${id}/reject`, { why }), "small danger"),
    );
    return card(
      id,
      head(`${nameOf(agency, agencies)} · ${asked.ok ? asked.value.file : id}`, badge(says("review"))),
      element("p", {}, text),
      command(word.withKey, `lintel operator request approve ${id}`),
      element(
        "div",
        { class: "row", role: "group", "aria-label": word.reject },
        quiet(word.reject),
        ...reject,
      ),
    );
  });
}

function reviewCards({ reviews, agencies }: Desk, { me, act }: Hand) {
  return reviews.map(({ id, agency, clips, child, reviewers }) => {
    const key = command(word.withKey, `lintel operator review ${id}`);
    const second = row(button(word.nothingAgainst, () => act(`releases/${id}/review`)));
    return card(
      id,
      head(nameOf(agency, agencies), badge(says("review"))),
      quiet([word.clips(clips), ...(child ? [word.child] : [])].join(" · ")),
      said(reviewers, me),
      ...wordLeft(reviewers, me, { key, second }),
    );
  });
}

function agencyCards({ agencies }: Desk, { me, act }: Hand) {
  const waiting = agencies.filter(({ state, proposed }) => state === "applied" || proposed !== undefined);
  return waiting.map(({ id, name, state, phone, vetters, proposed, terms, agreements }) => {
    const key = command(word.withKey, `lintel operator vet ${id}`);
    const second = row(button(word.vet, () => act(`agencies/${id}/vet`)));
    const isNew = state === "applied" && agreements.length === 1;
    const sentence = proposed && [
      said([proposed.by], me, says(proposed.to)),
      ...(proposed.by === me
        ? []
        : [
            row(
              button(`${word.confirm}: ${says(proposed.to)}`, () =>
                act(`agencies/${id}/sentence`, { to: proposed.to }),
              ),
            ),
          ]),
    ];
    return card(
      id,
      head(name, badge(says(state))),
      quiet(`${id} · ${word.callBack} ${phone}`),
      element("details", {}, element("summary", {}, word.terms), element("pre", {}, terms)),
      ...(state === "applied" ? [said(vetters, me), ...wordLeft(vetters, me, { key, second })] : []),
      ...(isNew ? [row(button(word.turnAway, () => act(`agencies/${id}/reject`), "danger"))] : []),
      ...(sentence ?? []),
    );
  });
}

/** The first word takes the key, the second is said here, and nobody says both. */
function wordLeft(
  people: readonly string[],
  me: string,
  { key, second }: { readonly key: HTMLElement; readonly second: HTMLElement },
): readonly HTMLElement[] {
  if (people.length === 0) return [key];
  return people.includes(me) ? [] : [second];
}

/** Who of two has said yes. */
function said(people: readonly string[], me: string, what = ""): HTMLElement {
  const names = people.map((id) => (id === me ? word.you : `${word.another} ${id}`));
  const waits = people.length === 1 && people[0] === me ? [word.yours] : [];
  return line([word.of2(people.length), ...names, ...(what === "" ? [] : [what]), ...waits].join(" · "));
}

function callBack(id: string, waiting: Desk["queue"]): readonly HTMLElement[] {
  const found = waiting.find((one) => one.id === id);
  const phone = found?.phone ?? "NUMBER";
  return [
    line(`${word.callBack} ${phone}`),
    command(
      word.withKey,
      `lintel operator callback ${id} --called ${phone}\nlintel operator callback ${id} --called ${phone} --not-authentic`,
    ),
  ];
}

function agreementOf(agency: string, agencies: Desk["agencies"]) {
  const known = agencies.find(({ id }) => id === agency);
  const chain = known && openAgreementChain(known.agreements);
  return chain?.ok ? chain.value.at(-1) : undefined;
}

function nameOf(agency: string, agencies: Desk["agencies"]): string {
  return agencies.find(({ id }) => id === agency)?.name ?? agency;
}

function card(id: string, ...parts: readonly HTMLElement[]): HTMLElement {
  return element("li", { id }, ...parts);
}

function line(...parts: readonly (string | HTMLElement)[]): HTMLElement {
  return element("p", {}, ...parts);
}

function row(...buttons: readonly HTMLElement[]): HTMLElement {
  return element("div", { class: "row" }, ...buttons);
}
