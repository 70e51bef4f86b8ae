import type { App } from "./app.js";
import { type OfficeDoors, officersOnly, operatorsOnly } from "./plugins/office.js";
import { type Doors, membersOnly } from "./plugins/session.js";
import { Problem } from "./problems.js";
import { type AgencyServices, addApplication, addOwnAgency, addVetting } from "./routes/agencies.js";
import { addDownloads } from "./routes/downloads.js";
import { addFeeds, type FeedServices } from "./routes/feeds.js";
import { addAgencysReleases } from "./routes/fetching.js";
import type { WaysIn } from "./routes/officeways.js";
import { addOwnEmergencies, type OwnEmergencyServices } from "./routes/ownemergencies.js";
import { addOwnersWords, type OwnersWordServices } from "./routes/ownerswords.js";
import { addRecordPage } from "./routes/pages.js";
import { addRecord, type RecordServices } from "./routes/record.js";
import { addOwnReleases, addReleaseReviews, type ReleaseRouteServices } from "./routes/releases.js";
import { addModeration, addOwnRequests, type RequestServices } from "./routes/requests.js";
import { addSealedState, type SealedStateServices } from "./routes/sealedstate.js";
import { addStatistics, type StatisticsServices } from "./routes/statistics.js";

export interface ReleasingServices
  extends AgencyServices,
    RequestServices,
    ReleaseRouteServices,
    RecordServices,
    FeedServices,
    StatisticsServices,
    SealedStateServices,
    OwnEmergencyServices,
    OwnersWordServices {}

/** What a cloud does not do that takes no part, or stops. All else goes on: withdrawals, receipts, disposals. */
const beginnings: ReadonlySet<string> = new Set([
  "applyAsAgency",
  "submitRequest",
  "approveRequest",
  "prepareRelease",
  // Its household could not answer.
  "claimEmergency",
]);

/** Once, before any route. */
export function refuseBeginnings(app: App): void {
  app.addHook("onRequest", async ({ routeOptions: { schema } }) => {
    if (beginnings.has(schema?.operationId ?? "")) throw new Problem("releases-ending");
  });
}

/** Everything about agencies, requests and releases: a cloud that does not take part has none of these routes. */
export async function addReleasing(
  app: App,
  services: ReleasingServices & Doors & OfficeDoors & WaysIn,
): Promise<void> {
  addRecordPage(app);
  addRecord(app, services);
  addFeeds(app, services);
  addDownloads(app, services);
  addStatistics(app, services);
  addApplication(app, services);
  await app.register(async (members: App) => {
    membersOnly(members, services);
    addOwnReleases(members, services);
    addSealedState(members, services);
    addOwnEmergencies(members, services);
    addOwnersWords(members, services);
  });
  await app.register(async (officers: App) => {
    officersOnly(officers, services);
    addOwnAgency(officers, services);
    addOwnRequests(officers, services);
    addAgencysReleases(officers, services);
  });
  await app.register(async (operators: App) => {
    operatorsOnly(operators, services);
    addVetting(operators, services);
    addModeration(operators, services);
    addReleaseReviews(operators, services);
  });
}
