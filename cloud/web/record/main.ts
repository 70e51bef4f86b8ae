import type { Static } from "typebox";
import { type OpenedAgreement, openAgreementChain } from "../../../shared/release/agreement.js";
import { formatDegrees, squareMetres } from "../../../shared/release/area.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { parseRequest } from "../../../shared/release/request.js";
import { textOf } from "../../../shared/seal/note.js";
import type { overdue } from "../../api/contract/record.js";
import type { agency, agencyList, request, requestList } from "../../api/contract/releases.js";
import { ask } from "../call.js";
import { badge, dayOf, head, heading, language, quiet, setLanguage, timeOf } from "../cards.js";
import { button, element, say, show } from "../dom.js";
import { stateAndWhy } from "../faults.js";
import { words } from "./words.js";

type Agencies = Static<typeof agencyList>;
type Requests = Static<typeof requestList>;
type Listed = Agencies["agencies"][number];
type Asked = Requests["requests"][number];
type Steps = Static<typeof agency>["steps"];

const pageLength = 20;
const word = words[language];
const names = new Map<string, OpenedAgreement>();

start().catch((error: unknown) => {
  show(word.title);
  say(error instanceof Error ? error.message : String(error), "warn");
});

async function start(): Promise<void> {
  setLanguage(word.foot);
  const [named, agencies, requests] = await Promise.all([
    get("/public/v1/overdue") as Promise<Static<typeof overdue>>,
    get(`/public/v1/agencies?limit=${pageLength}`) as Promise<Agencies>,
    get(`/public/v1/requests?limit=${pageLength}`) as Promise<Requests>,
  ]);
  show(
    word.title,
    element("p", {}, word.lead),
    ...heading(word.named, namedList(named)),
    ...heading(word.requests, await requestCards(requests)),
    ...heading(word.agencies, agencyCards(agencies)),
    ...heading(word.verify, ...howToVerify()),
  );
}

function get(path: string): Promise<unknown> {
  return ask({ method: "GET", path });
}

function namedList({ overdue: owing, named }: Static<typeof overdue>): HTMLElement {
  if (owing.length + named.length === 0) return element("p", { class: "quiet" }, word.nobody);
  const line = (name: string, what: string, since: string): HTMLElement =>
    element("li", {}, head(name, badge(what, "bad")), quiet(`${word.since} ${dayOf(since)}`));
  return element(
    "ul",
    { class: "cards" },
    ...owing.map(({ name, since }) => line(name, word.overdue, since)),
    ...named.map(({ name, state, since, why }) => line(name, stateAndWhy(stateOf(state), why), since)),
  );
}

function agencyCards(first: Agencies): HTMLElement {
  if (first.agencies.length === 0) return element("p", { class: "quiet" }, word.noAgency);
  return growing(first.agencies.map(agencyCard), first.next, async (cursor) => {
    const page = (await get(`/public/v1/agencies?limit=${pageLength}&cursor=${cursor}`)) as Agencies;
    return { cards: page.agencies.map(agencyCard), next: page.next };
  });
}

function agencyCard({ id, name, state, agreements, terms, publicSince, until }: Listed): HTMLElement {
  const agreement = agreementIn(agreements);
  const facts = [
    id,
    ...(publicSince === undefined ? [] : [`${word.states.public} ${word.since} ${dayOf(publicSince)}`]),
    ...(state === "public" && until !== undefined ? [`${word.mayAskFrom} ${dayOf(until)}`] : []),
  ];
  return element(
    "li",
    { id },
    head(name, badge(stateOf(state), looks(state))),
    quiet(facts.join(" · ")),
    ...(agreement ? agreed(agreement) : []),
    folded(word.terms, element("pre", {}, terms)),
    history(`/public/v1/agencies/${id}`),
  );
}

/** The register that it stands in, who signs, and where it may ask: corners, for the page draws no map. */
function agreed({ phone, officers, territory }: OpenedAgreement): readonly HTMLElement[] {
  const people = officers.map(({ name, role }) => element("li", {}, `${name} (${word.roles[role]})`));
  const squareKilometres = Math.round(squareMetres(territory) / 1e6).toLocaleString(language);
  const corners = territory.map(formatDegrees).join("\n");
  return [
    quiet(`${word.callBack} ${phone}`),
    folded(`${word.people} (${people.length})`, element("ul", {}, ...people)),
    folded(`${word.territory} (${squareKilometres} km²)`, element("pre", {}, corners)),
  ];
}

function folded(summary: string, content: HTMLElement): HTMLElement {
  return element("details", {}, element("summary", {}, summary), content);
}

async function requestCards(first: Requests): Promise<HTMLElement> {
  if (first.requests.length === 0) return element("p", { class: "quiet" }, word.noRequest);
  return growing(await cardsOf(first), first.next, async (cursor) => {
    const page = (await get(`/public/v1/requests?limit=${pageLength}&cursor=${cursor}`)) as Requests;
    return { cards: await cardsOf(page), next: page.next };
  });
}

async function cardsOf({ requests }: Requests): Promise<readonly HTMLElement[]> {
  for (const id of new Set(requests.map((one) => one.agency)))
    if (!names.has(id)) {
      const { agreements } = (await get(`/public/v1/agencies/${id}`)) as Listed;
      const agreement = agreementIn(agreements);
      if (agreement !== undefined) names.set(id, agreement);
    }
  return requests.map(requestCard);
}

function requestCard({ id, agency: by, state, note, rejection, errata, publishedAt }: Asked): HTMLElement {
  const agreement = names.get(by);
  const asked = parseRequest(textOf(note));
  const file = asked.ok ? asked.value.file : id;
  const text = asked.ok && agreement !== undefined ? noticeOf(asked.value, agreement, language) : "";
  const more = [...(rejection === undefined ? [] : [rejection]), ...errata].map(stateOf);
  const day = publishedAt === undefined ? "" : dayOf(publishedAt);
  return element(
    "li",
    { id },
    head(`${agreement?.name ?? by} · ${file}`, badge(stateOf(state), looks(state))),
    element("p", {}, text),
    quiet([day, ...more].filter((part) => part !== "").join(" · ")),
    history(`/public/v1/requests/${id}`),
  );
}

/** The steps are fetched when somebody wants to see them. */
function history(path: string): HTMLElement {
  const steps = element("ol", { class: "steps" });
  const made = folded(word.history, steps);
  made.addEventListener(
    "toggle",
    () => {
      (get(path) as Promise<Static<typeof request>>)
        .then((told) => steps.replaceChildren(...stepLines(told.steps)))
        .catch((error: unknown) =>
          steps.replaceChildren(`${error instanceof Error ? error.message : error}`),
        );
    },
    { once: true },
  );
  return made;
}

function stepLines(steps: Steps): readonly HTMLElement[] {
  return steps.map(({ kind, at, index }) =>
    element(
      "li",
      {},
      element("time", { datetime: at }, timeOf(at)),
      element("span", {}, stateOf(kind)),
      index === undefined ? "" : element("a", { href: `/tlog/proof/${index}` }, `${word.logged} ${index}`),
    ),
  );
}

/** A list with a button for what comes after it. */
function growing(
  cards: readonly HTMLElement[],
  next: string | undefined,
  fetchMore: (
    cursor: string,
  ) => Promise<{ readonly cards: readonly HTMLElement[]; readonly next?: string | undefined }>,
): HTMLElement {
  const list = element("ul", { class: "cards" }, ...cards);
  let cursor = next;
  const more = button(
    word.more,
    async () => {
      const page = await fetchMore(cursor ?? "");
      list.append(...page.cards);
      cursor = page.next;
      if (cursor === undefined) more.remove();
    },
    "more",
  );
  return element("div", {}, list, ...(cursor === undefined ? [] : [more]));
}

function howToVerify(): readonly HTMLElement[] {
  const file = (name: string): HTMLElement => element("a", { href: `/public/v1/${name}` }, name);
  const files = ["requests.csv", "requests.jsonl", "agencies.jsonl", "feed.json", "feed.atom"].map(file);
  const { origin } = location;
  return [
    element("p", {}, word.verifyLead),
    element("pre", {}, `lintel log audit ${origin}\nlintel record check ${origin}`),
    element("p", {}, word.verifyTail),
    element("p", {}, `${word.files} `, ...files.flatMap((one, at) => (at === 0 ? [one] : [", ", one])), "."),
  ];
}

function agreementIn(agreements: readonly string[]): OpenedAgreement | undefined {
  const chain = openAgreementChain(agreements);
  return chain.ok ? chain.value.at(-1) : undefined;
}

const stateOf = (state: string): string => word.states[state] ?? state;

function looks(state: string): string {
  if (["active", "published"].includes(state)) return "good";
  return ["probation", "suspended", "revoked", "compromised", "frozen"].includes(state) ? "bad" : "";
}
