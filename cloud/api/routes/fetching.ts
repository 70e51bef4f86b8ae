import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { agreementOf } from "../../agency/agency.js";
import type { CutOff, KeptRelease, ReleaseBook } from "../../release/releases.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/releases.js";
import { cutterOf } from "../cutting.js";
import { agencyIdIn, releaseIdIn } from "../ids.js";
import { officerOf } from "../plugins/office.js";
import { found } from "../problems.js";
import { demandStep } from "../steps.js";
import { evidenceOf, nextOf } from "./record.js";
import { type ReleaseRouteServices, shownRelease } from "./releases.js";

/** What an officer sees: releases that lie ready, and never that somebody considers one. */
export function addAgencysReleases(officers: App, services: ReleaseRouteServices): void {
  addList(officers, services);
  addFetch(officers, services);
  addWord(officers, services);
}

function addList(officers: App, { releaseBook }: ReleaseRouteServices): void {
  officers.get(
    "/agency/v1/releases",
    {
      schema: {
        operationId: "listAgencysReleases",
        summary: "What households released to the agency, newest first",
        tags: ["agency"],
        querystring: contract.recordQuery,
        response: { 200: contract.releaseList },
      },
    },
    async (request) => {
      const { office: agency } = officerOf(request);
      const { state, limit = 100, cursor } = request.query;
      const kinds = seen.filter((one) => state === undefined || one === state);
      const kept = await releaseBook.list({ agency, kinds, before: cursor, limit: limit + 1 });
      return { releases: kept.slice(0, limit).map(shownToAgency), ...nextOf(kept, limit) };
    },
  );
}

function addFetch(officers: App, { releases, releaseBook, batches, log }: ReleaseRouteServices): void {
  const cutOff = cutterOf(officers.server);
  officers.get(
    "/agency/v1/releases/:release/pieces/:piece",
    {
      // A HEAD would count as a fetch.
      exposeHeadRoute: false,
      schema: {
        operationId: "fetchPackagePiece",
        summary: "A piece of the sealed package; the first one fetched begins the time for the receipt",
        tags: ["agency"],
        produces: ["application/octet-stream"],
        params: contract.packagePieceParams,
      },
    },
    async (request, reply) => {
      const { office, id: officer } = officerOf(request);
      const { release, piece: index } = request.params;
      const wanted = { id: releaseIdIn(release), index, officer };
      reply.type("application/octet-stream").header("cache-control", "no-store");
      const sent = await releases.fetch(office, wanted, (piece, cut) =>
        sendUntilCut(reply, piece, (connection) => cut(() => cutOff(connection))),
      );
      found(sent || undefined);
      return reply;
    },
  );
  officers.get(
    "/agency/v1/releases/:release/evidence",
    {
      schema: {
        operationId: "getReleaseEvidence",
        summary: "That the release stood in the public log before it could be fetched",
        tags: ["agency"],
        params: contract.releaseParams,
        response: { 200: contract.evidence },
      },
    },
    async (request) => {
      const { state } = await seenBy(releaseBook, officerOf(request).office, request.params.release);
      const { text, path, entry, index } = found(await batches.evidence(state.record, "escrowed"));
      return { text, path, ...(await evidenceOf(log, { ...entry, index })) };
    },
  );
}

function addWord(officers: App, { releases, releaseBook, agencies }: ReleaseRouteServices): void {
  officers.post(
    "/agency/v1/releases/:release/word",
    {
      schema: {
        operationId: "giveCustodyWord",
        summary: "An officer's signed word: received, disposed of, or retained under a court's order",
        tags: ["agency"],
        params: contract.releaseParams,
        body: contract.noteBody,
        response: { 200: contract.release },
      },
    },
    async (request) => {
      const { office, id: officer } = officerOf(request);
      const { id } = await seenBy(releaseBook, office, request.params.release);
      const { officers: people } = agreementOf(found(await agencies.find(agencyIdIn(office))).state);
      const heard = { note: request.body.note, officers: people, officer };
      const kept = demandStep(await releases.hear(office, releaseIdIn(id), heard));
      return { ...shownToAgency(kept), steps: [] };
    },
  );
}

/** What an agency ever learns of. */
const seen: readonly string[] = [
  "available",
  "retrieved",
  "custody",
  "disposal-asked",
  "attested",
  "retained",
  "overdue",
];

/** One that an agency sees; another's is not there. */
async function seenBy(releaseBook: ReleaseBook, agency: string, text: string): Promise<KeptRelease> {
  const kept = await releaseBook.find(releaseIdIn(text));
  const isTheirs = kept?.state.agency === agency && seen.includes(kept.state.kind);
  return found(isTheirs ? kept : undefined);
}

/** Whatever ends the release ends what of it is on its way. */
function sendUntilCut(
  reply: FastifyReply,
  piece: Uint8Array,
  onCut: (connection: Socket) => ReturnType<CutOff>,
): void {
  const { socket } = reply.raw;
  // Whoever asked has gone already.
  if (socket === null) return;
  reply.raw.once("close", onCut(socket));
  void reply.send(piece);
}

/** Without the household: that stands in the package, for whoever may open it. */
function shownToAgency(kept: KeptRelease) {
  const { household: _, why: __, authorisation: ___, ...rest } = shownRelease(kept);
  return rest;
}
