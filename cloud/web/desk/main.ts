import type { Static } from "typebox";
import type { operatorsAccesses } from "../../api/contract/accesses.js";
import type { emergencies } from "../../api/contract/emergencies.js";
import type { signedInOffice } from "../../api/contract/offices.js";
import type { queue } from "../../api/contract/orders.js";
import type { operatorsProcesses } from "../../api/contract/processes.js";
import type { requestList, reviewList, vettingList } from "../../api/contract/releases.js";
import { Refusal } from "../call.js";
import { language, setLanguage } from "../cards.js";
import { button, element, say, show } from "../dom.js";
import { openSession } from "../session.js";
import { linkInAddress, showNewPasskey, showSignIn, type Way } from "../ways.js";
import { wayWords } from "../waywords.js";
import { type Desk, sectionsOf } from "./sections.js";
import { words } from "./words.js";

/** The queue is asked for again so often; what is shown changes only when its reader wants it to. */
const lookMillis = 30_000;

const word = words[language];
const session = openSession<Static<typeof signedInOffice>>("/operator/v1", wayWords[language].isOver);
const way: Way = {
  ...{ prefix: "/operator/v1", command: "lintel operator", words: wayWords[language] },
  enter: async (answer) => showDesk(session.keep(answer)),
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
  return signedIn === undefined ? showSignIn(way) : showDesk(signedIn);
}

async function showDesk(me: Static<typeof signedInOffice>): Promise<void> {
  const desk = await fetchDesk();
  const again = () => showDesk(me);
  const act = async (path: string, body?: object): Promise<void> => {
    await session.ask({ method: "POST", path: `/operator/v1/${path}`, ...(body && { body }) });
    await again();
    say(word.done, "good");
  };
  show(
    word.title,
    element("p", { class: "quiet" }, `${me.name} · ${me.id}`),
    element("p", {}, word.lead),
    element(
      "div",
      { class: "row" },
      button(word.reload, again, "small"),
      button(word.signOut, () => signOut("session"), "small"),
      button(word.signOutEverywhere, () => signOut("sessions"), "small danger"),
    ),
    ...sectionsOf(desk, { me: me.id, act }),
  );
  watch(JSON.stringify(desk.queue));
}

async function fetchDesk(): Promise<Desk> {
  const [waiting, accesses, emergencyList, processes, agencies, requests, reviews] = await Promise.all([
    get<Static<typeof queue>>("queue"),
    get<Static<typeof operatorsAccesses>>("accesses"),
    get<Static<typeof emergencies>>("emergencies"),
    get<Static<typeof operatorsProcesses>>("processes"),
    ifThere(get<Static<typeof vettingList>>("agencies?limit=200"), { agencies: [] }),
    ifThere(get<Static<typeof requestList>>("requests?state=review"), { requests: [] }),
    ifThere(get<Static<typeof reviewList>>("releases"), { reviews: [] }),
  ]);
  return {
    queue: waiting.waiting,
    accesses: accesses.accesses,
    emergencies: emergencyList.emergencies,
    processes: processes.processes,
    ...{ agencies: agencies.agencies, requests: requests.requests, reviews: reviews.reviews },
  };
}

function get<T>(path: string): Promise<T> {
  return session.ask({ method: "GET", path: `/operator/v1/${path}` }) as Promise<T>;
}

/** A cloud that takes no part in releases has none of these lists. */
async function ifThere<T>(asked: Promise<T>, none: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.kind === "not-there") return none;
    throw error;
  }
}

let looking: ReturnType<typeof setInterval> | undefined;

/** Says when the queue is another one than what is shown: an emergency waits for 30 minutes at most. */
function watch(shown: string): void {
  clearInterval(looking);
  looking = setInterval(() => {
    get<Static<typeof queue>>("queue")
      .then(({ waiting }) => {
        if (JSON.stringify(waiting) === shown) return;
        clearInterval(looking);
        say(word.changed, "warn");
      })
      .catch((error: unknown) => {
        clearInterval(looking);
        say(error instanceof Error ? error.message : String(error), "warn");
      });
  }, lookMillis);
}

async function signOut(which: "session" | "sessions"): Promise<void> {
  await session.ask({ method: "DELETE", path: `/operator/v1/${which}` });
  clearInterval(looking);
  session.forget();
  showSignIn(way);
  say(word.signedOut, "good");
}
