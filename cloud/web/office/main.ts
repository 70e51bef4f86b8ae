import type { Static } from "typebox";
import type { emergencies } from "../../api/contract/emergencies.js";
import type { preservations } from "../../api/contract/orders.js";
import type { agencysProcesses } from "../../api/contract/processes.js";
import type { agency, releaseList, requestList } from "../../api/contract/releases.js";
import { ask } from "../call.js";
import { language } from "../cards.js";
import { button, element, show } from "../dom.js";
import { ifThere, type Me, openStaffPage } from "../staff.js";
import { type Agency, sectionsOf } from "./sections.js";
import { words } from "./words.js";

const word = words[language];
const page = openStaffPage({ side: "agency", words: word, enter: showAgency });
const { get } = page;

void page.start();

async function showAgency(me: Me): Promise<void> {
  const known = await fetchAgency(me.office);
  show(
    known.agency?.name ?? word.title,
    element("p", { class: "quiet" }, `${me.name} · ${word.says[me.role] ?? me.role} · ${me.office}`),
    element("p", {}, word.lead),
    page.doors(() => showAgency(me)),
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

/** Said without a key, since the key is what is lost; twice, since nothing takes it back. */
function lostKey(): HTMLElement {
  const sure = element("input", { type: "checkbox", name: "sure" });
  const end = async (): Promise<void> => {
    await page.post("lost-key");
    page.leave(word.lostDone);
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
