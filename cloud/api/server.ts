import { randomUUID } from "node:crypto";
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import Fastify, { type FastifyBaseLogger, LogController } from "fastify";
import type { Taking } from "../config.js";
import type { CharterReader, CharterWriter } from "../household/charters.io.js";
import type { SessionKey } from "../household/sessionkey.io.js";
import type { App } from "./app.js";
import { addDescription, addDocs } from "./plugins/docs.js";
import { addMetrics, type Measure } from "./plugins/metrics.js";
import { addOffices, officersOnly, operatorsOnly } from "./plugins/office.js";
import { addProblems, refuseAddress, refuseBytes } from "./plugins/problems.js";
import { addRateLimit } from "./plugins/ratelimit.js";
import { addTokens, membersOnly } from "./plugins/session.js";
import { addReleasing, type ReleasingServices, refuseBeginnings } from "./releasing.js";
import { type AccessServices, addAccesses, addHouseholdsAccesses } from "./routes/accesses.js";
import { addAudit } from "./routes/audit.js";
import { addCameras, type CameraServices } from "./routes/cameras.js";
import { addBoardsClaims, addOwnersClaims, type ClaimServices } from "./routes/claims.js";
import { addClips, type ClipServices } from "./routes/clips.js";
import { addEmergencies, addEmergencySteps, type EmergencyServices } from "./routes/emergencies.js";
import { addEvents } from "./routes/events.js";
import { addEvidence, type EvidenceServices } from "./routes/evidence.js";
import { addFarewell, type FarewellServices } from "./routes/farewell.js";
import { addGround, type Check } from "./routes/ground.js";
import { addHousehold, type HouseholdServices } from "./routes/household.js";
import { addMembers, addNewcomersInvitations, type InvitationServices } from "./routes/invitations.js";
import { addLog, type LogServices } from "./routes/log.js";
import { addNotices, type NoticeServices } from "./routes/notices.js";
import { addOfficer, addOfficeSignIn, addOperator, type OfficeServices } from "./routes/offices.js";
import { addOfficeBrowsers, addOfficeWays, type OfficeWayServices } from "./routes/officeways.js";
import { addPages } from "./routes/pages.js";
import { addBrowserSignIn, addPasskeys, type PasskeyServices } from "./routes/passkeys.js";
import { addPassphrase, addPassphraseSignIn, type PassphraseServices } from "./routes/passphrases.js";
import { addPreservationCalls, addPreservations, type PreservationServices } from "./routes/preservations.js";
import { addBoard, addPressures, type PressureServices } from "./routes/pressures.js";
import { addProcesses, addProcessSteps, type ProcessServices } from "./routes/processes.js";
import { addProposal, type ProposalServices } from "./routes/proposal.js";
import { addQueue } from "./routes/queue.js";
import { addRecoveries, addRecovery, type RecoveryServices } from "./routes/recovery.js";
import { addRegistration, type RegistrationServices } from "./routes/registration.js";
import { addCamerasRenewals, addRenewals, type RenewalServices } from "./routes/renewals.js";
import { addRetention } from "./routes/retention.js";
import { addSessions, addSignIn, type SignInServices } from "./routes/sessions.js";
import { addShares, addSharesForOutside, type ShareServices } from "./routes/shares.js";
import { addStream, type StreamServices } from "./routes/stream.js";
import { addAccessTokens, type TokenServices } from "./routes/tokens.js";
import { addWebhooks, type WebhookServices } from "./routes/webhooks.js";

/** Largest request: a charter with the most members and cameras and a key file for each. */
const bodyBytesMax = 1024 * 1024;
/** How long a connection may keep the cloud waiting: what has not come by then is cut off. */
export interface Patience {
  /** For the headers, from the first moment of the connection or the end of the request before. */
  readonly headersMillis: number;
  /** For a request as a whole. */
  readonly requestMillis: number;
  /** Looked after so often. */
  readonly checkMillis: number;
}
const patient: Patience = { headersMillis: 10_000, requestMillis: 30_000, checkMillis: 2_000 };
/** The API's version; breaking changes get another path. */
const version = "1.0.0";

export interface ApiServices
  extends RegistrationServices,
    SignInServices,
    PasskeyServices,
    PassphraseServices,
    TokenServices,
    FarewellServices,
    HouseholdServices,
    ProposalServices,
    RecoveryServices,
    ClaimServices,
    InvitationServices,
    CameraServices,
    RenewalServices,
    ClipServices,
    LogServices,
    ShareServices,
    StreamServices,
    WebhookServices,
    OfficeServices,
    OfficeWayServices,
    AccessServices,
    ReleasingServices,
    EvidenceServices,
    NoticeServices,
    PreservationServices,
    ProcessServices,
    EmergencyServices,
    PressureServices {
  readonly charters: CharterReader & CharterWriter;
  readonly vault: ClipServices["vault"] & ShareServices["vault"];
  readonly sessionKey: SessionKey;
  readonly checks: readonly Check[];
  readonly measures: readonly Measure[];
}

export interface ApiOptions {
  readonly log: FastifyBaseLogger;
  readonly trustProxy: boolean;
  /** Opens /metrics to callers off this machine. */
  readonly metricsToken?: string | undefined;
  /** PEM; without it the API speaks plain HTTP, which is for loopback only. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whether agencies may ask, and households release; when it is off none of those routes is there. */
  readonly releases: Taking;
  readonly patience?: Patience;
}

/** The REST API, wired and not yet listening. */
export async function createApi(
  services: ApiServices,
  { log, trustProxy, metricsToken, tls, releases, patience = patient }: ApiOptions,
): Promise<App> {
  const { headersMillis, requestMillis, checkMillis } = patience;
  // TLS's own greeting counts as headers: Node would wait two minutes for it.
  const server = {
    headersTimeout: headersMillis,
    requestTimeout: requestMillis,
    connectionsCheckingInterval: checkMillis,
  };
  const app = Fastify({
    ...(tls === undefined
      ? { http: server }
      : { https: { ...server, ...tls, handshakeTimeout: headersMillis } }),
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: () => randomUUID(),
    requestTimeout: requestMillis,
    bodyLimit: bodyBytesMax,
    // One hop: only what the proxy itself added, never what its caller wrote into the header.
    trustProxy: trustProxy ? (_address, hop) => hop === 0 : false,
    forceCloseConnections: true,
    frameworkErrors: refuseAddress,
    clientErrorHandler: refuseBytes,
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
  addProblems(app);
  addRequestLog(app);
  await addRateLimit(app);
  await addTokens(app, services.sessionKey);
  addOffices(app);
  await addDescription(app, version);
  addMetrics(app, { measures: services.measures, token: metricsToken, trustProxy });
  addGround(app, { checks: services.checks, caPem: services.authority.caPem });
  if (releases !== "on") refuseBeginnings(app);
  addOpenRoutes(app, services);
  await addGuardedRoutes(app, services);
  if (releases !== "off") await addReleasing(app, services);
  await addDocs(app);
  return app;
}

/** For members, officers and operators, each behind their own token. */
async function addGuardedRoutes(app: App, services: ApiServices): Promise<void> {
  await app.register(async (members: App) => {
    membersOnly(members, services);
    addSessions(members, services);
    addPasskeys(members, services);
    addPassphrase(members, services);
    addAccessTokens(members, services);
    addHousehold(members, services);
    addProposal(members, services);
    addRecoveries(members, services);
    addFarewell(members, services);
    addOwnersClaims(members, services);
    addMembers(members, services);
    addCameras(members, services);
    addRenewals(members, services);
    addClips(members, services);
    addEvidence(members, services);
    addShares(members, services);
    addWebhooks(members, services);
    addAudit(members, services);
    addHouseholdsAccesses(members, services);
    addNotices(members, services);
    addPressures(members, services);
    addRetention(members, services.vault.keeper);
    addEvents(members, services);
    addStream(members, services);
  });
  await app.register(async (officers: App) => {
    officersOnly(officers, services);
    addOfficer(officers, services);
    addOfficeWays(officers, "agency", services);
    addPreservations(officers, services);
    addProcesses(officers, services);
    addEmergencies(officers, services);
  });
  await app.register(async (operators: App) => {
    operatorsOnly(operators, services);
    addOperator(operators, services);
    addOfficeWays(operators, "operator", services);
    addAccesses(operators, services);
    addQueue(operators, services);
    addPreservationCalls(operators, services);
    addProcessSteps(operators, services);
    addEmergencySteps(operators, services);
    addBoard(operators, services);
  });
}

/** For whoever has no token. */
function addOpenRoutes(app: App, services: ApiServices): void {
  addRegistration(app, services);
  addSignIn(app, services);
  addOfficeSignIn(app, services);
  addOfficeBrowsers(app, services);
  addBrowserSignIn(app, services);
  addPassphraseSignIn(app, services);
  addSharesForOutside(app, services);
  addPages(app);
  addLog(app, services);
  addRecovery(app, services);
  addBoardsClaims(app, services);
  addNewcomersInvitations(app, services);
  addCamerasRenewals(app, services);
}

/** One event per answered request, by route and never by address. */
function addRequestLog(app: App): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const fields = { method, route: routeOptions.url ?? "none", status: reply.statusCode };
    request.log.info({ ...fields, ms: Math.round(reply.elapsedTime) }, "http.answered");
  });
}
