import type { Static } from "typebox";
import type { emergencies } from "../../api/contract/emergencies.js";
import type { signedInOffice } from "../../api/contract/offices.js";
import type { preservations } from "../../api/contract/orders.js";
import type { agencysProcesses } from "../../api/contract/processes.js";
import type { agency, releaseList, requestList } from "../../api/contract/releases.js";
import { ask, Refusal } from "../call.js";
import { language, setLanguage } from "../cards.js";
import { button, element, say, show } from "../dom.js";
import { openSession } from "../session.js";
import { linkInAddress, showNewPasskey, showSignIn, type Way } from "../ways.js";
import { wayWords } from "../waywords.js";
import { type Agency, sectionsOf } from "./sections.js";
import { words } from "./words.js";

const word = words[language];
const session = openSession<Static<typeof signedInOffice>>("/agency/v1", wayWords[language].isOver);
const way: Way = {
  ...{ prefix: "/agency/v1", command: "lintel agency", words: wayWords[language] },
  enter: async (answer) => showAgency(session.keep(answer)),
};
const link = linkInAddress();

setLanguage(word.foot);
start().catch((error: unknown) => {
  show(word.title);
  say(error instanceof Error ? error.message : String(error), "warn");
});

async function start(): Promise<void> {
  if (link !== undefined) return showNewPasskey(way, link);
  const signedIn = await session.current();
  return signedIn === undefined ? showSignIn(way) : showAgency(signedIn);
}

async function showAgency(me: Static<typeof signedInOffice>): Promise<void> {
  const known = await fetchAgency(me.office);
  show(
    known.agency?.name ?? word.title,
    element("p", { class: "quiet" }, `${me.name} · ${word.says[me.role] ?? me.role} · ${me.office}`),
    element("p", {}, word.lead),
    element(
      "div",
      { class: "row" },
      button(word.reload, () => showAgency(me), "small"),
      button(word.signOut, () => signOut("session"), "small"),
      button(word.signOutEverywhere, () => signOut("sessions"), "small danger"),
    ),
    ...sectionsOf(known),
    ...(known.agency === undefined ? [] : [lostKey()]),
  );
}

async function fetchAgency(office: string): Promise<Agency> {
  const [known, asked, released, served, kept, claimed] = await Promise.all([
    ifThere(ask({ method: "GET", path: `/public/v1/agencies/${office}` }) as Promise<Static<typeof agency>>),
    ifThere(get<Static<typeof requestList>>("requests")),
    ifThere(get<Static<typeof releaseList>>("releases")),
    get<Static<typeof agencysProcesses>>("processes"),
    get<Static<typeof preservations>>("preservations"),
    get<Static<typeof emergencies>>("emergencies"),
  ]);
  return {
    agency: known,
    requests: asked?.requests ?? [],
    releases: released?.releases ?? [],
    ...{ processes: served.processes, preservations: kept.preservations, emergencies: claimed.emergencies },
  };
}

function get<T>(path: string): Promise<T> {
  return session.ask({ method: "GET", path: `/agency/v1/${path}` }) as Promise<T>;
}

/** A cloud that takes no part in releases has none of these lists. */
async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.kind === "not-there") return undefined;
    throw error;
  }
}

/** Said without a key, since the key is what is lost; twice, since nothing takes it back. */
function lostKey(): HTMLElement {
  const sure = element("input", { type: "checkbox", name: "sure" });
  const end = async (): Promise<void> => {
    await session.ask({ method: "POST", path: "/agency/v1/lost-key" });
    signedOut(word.lostDone);
  };
  const go = button(word.lostGo, end, "danger");
  go.hidden = true;
  sure.addEventListener("change", () => {
    go.hidden = !sure.checked;
  });
  return element(
    "details",
    {},
    element("summary", {}, word.lost),
    element("p", {}, word.lostLead),
    element("label", { class: "check" }, sure, word.lostSure),
    element("div", { class: "row" }, go),
  );
}

async function signOut(which: "session" | "sessions"): Promise<void> {
  await session.ask({ method: "DELETE", path: `/agency/v1/${which}` });
  signedOut(word.signedOut);
}

function signedOut(sentence: string): void {
  session.forget();
  showSignIn(way);
  say(sentence, "good");
}
