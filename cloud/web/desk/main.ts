import type { Static } from "typebox";
import type { operatorsAccesses } from "../../api/contract/accesses.js";
import type { emergencies } from "../../api/contract/emergencies.js";
import type { queue } from "../../api/contract/orders.js";
import type { operatorsPressures } from "../../api/contract/pressures.js";
import type { operatorsProcesses } from "../../api/contract/processes.js";
import type { requestList, reviewList, vettingList } from "../../api/contract/releases.js";
import { language } from "../cards.js";
import { element, say, show } from "../dom.js";
import { ifThere, type Me, openStaffPage } from "../staff.js";
import { type Desk, sectionsOf } from "./sections.js";
import { words } from "./words.js";

/** The queue is asked for again so often; what is shown changes only when its reader wants it to. */
const lookMillis = 30_000;

const word = words[language];
const page = openStaffPage({
  ...{ side: "operator", words: word, enter: showDesk },
  onLeave: () => clearInterval(looking),
});
const { get } = page;
let looking: ReturnType<typeof setInterval> | undefined;

void page.start();

async function showDesk(me: Me): Promise<void> {
  const desk = await fetchDesk();
  const again = () => showDesk(me);
  const act = async (path: string, body?: object): Promise<void> => {
    await page.post(path, body);
    await again();
    say(word.done, "good");
  };
  show(
    word.title,
    element("p", { class: "quiet" }, `${me.name} · ${me.id}`),
    element("p", {}, word.lead),
    page.doors(again),
    ...sectionsOf(desk, { me: me.id, act }),
  );
  watch(JSON.stringify(desk.queue));
}

async function fetchDesk(): Promise<Desk> {
  const [waiting, accesses, emergencyList, processes, pressures, agencies, requests, reviews] =
    await Promise.all([
      get<Static<typeof queue>>("queue"),
      get<Static<typeof operatorsAccesses>>("accesses"),
      get<Static<typeof emergencies>>("emergencies"),
      get<Static<typeof operatorsProcesses>>("processes"),
      get<Static<typeof operatorsPressures>>("pressures?limit=200"),
      ifThere(get<Static<typeof vettingList>>("agencies?limit=200")),
      ifThere(get<Static<typeof requestList>>("requests?state=review")),
      ifThere(get<Static<typeof reviewList>>("releases")),
    ]);
  return {
    queue: waiting.waiting,
    accesses: accesses.accesses,
    emergencies: emergencyList.emergencies,
    processes: processes.processes,
    pressures: pressures.pressures,
    agencies: agencies?.agencies ?? [],
    requests: requests?.requests ?? [],
    reviews: reviews?.reviews ?? [],
  };
}

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
