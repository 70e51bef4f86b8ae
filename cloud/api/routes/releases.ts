import type { ReleaseId } from "../../../shared/kernel/ids.js";
import { parseAuthorisation } from "../../../shared/release/authorisation.js";
import { packagePieceBytesMax } from "../../../shared/release/limits.js";
import { textOf } from "../../../shared/seal/note.js";
import type { Session } from "../../household/logins.io.js";
import type { Batches } from "../../release/batches.io.js";
import type { AgencyBook } from "../../release/deciding.io.js";
import type { KeptRelease, ReleaseBook, Releases } from "../../release/releases.io.js";
import type { LogReader } from "../../tlog/publiclog.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import * as contract from "../contract/releases.js";
import { releaseIdIn } from "../ids.js";
import { bytesIn } from "../piece.js";
import { demandOwnKey, operatorOf } from "../plugins/office.js";
import { keySessionsOnly, ownersOnly, ownersOrContacts, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { demandStep } from "../steps.js";
import { timeTextOf } from "../time.js";
import { nextOf, shownStep } from "./record.js";

export interface ReleaseRouteServices {
  readonly releases: Releases;
  readonly releaseBook: ReleaseBook;
  readonly batches: Batches;
  readonly agencies: AgencyBook;
  /** Makes what the log holds now available at once. */
  readonly makeAvailable: () => Promise<void>;
  readonly log: LogReader;
}

const answerers = { onRequest: [ownersOrContacts, keySessionsOnly] };

/** Contacts handle what contacts signed, and nothing else. */
function mayHandle({ role }: Session, authorisation: string): boolean {
  const said = parseAuthorisation(textOf(authorisation));
  return role === "owner" || (said.ok && said.value.basis === "contacts");
}

/** A release of the household of whoever asks, which is theirs to handle. */
async function ownRelease(
  releaseBook: ReleaseBook,
  session: Session,
  release: string,
): Promise<KeptRelease & { readonly id: ReleaseId }> {
  const id = releaseIdIn(release);
  const kept = await releaseBook.find(id);
  const isOwn = kept?.state.household === session.household && mayHandle(session, kept.state.authorisation);
  return { ...found(isOwn ? kept : undefined), id };
}

/** What an owner, or a contact in an emergency, does: gives a sealed package to the escrow, sees what became of it, ends it. */
export function addOwnReleases(members: App, services: ReleaseRouteServices): void {
  addOffering(members, services);
  addOwnList(members, services);
  addWithdrawal(members, services);
}

function addOffering(members: App, { releases, releaseBook, makeAvailable }: ReleaseRouteServices): void {
  members.post(
    "/v1/releases",
    {
      ...answerers,
      schema: {
        operationId: "prepareRelease",
        summary:
          "Offers a package under an authorisation that all have signed who must; refused with every reason",
        tags: ["releases"],
        body: contract.prepareBody,
        response: { 201: contract.release },
      },
    },
    async (request, reply) => {
      const session = sessionOf(request);
      const { household } = session;
      const { authorisation, pieces } = request.body;
      const { record } = demand(parseAuthorisation(textOf(authorisation)));
      if (!mayHandle(session, authorisation)) throw new Problem("owners-only");
      const known = await releaseBook.find(record);
      const { state } = known ?? {};
      const again =
        state?.household === household && state.authorisation === authorisation && state.pieces === pieces;
      const kept =
        again && known
          ? known
          : demandStep(await releases.prepare(household, authorisation, pieces), "no-known-signer");
      return reply.code(201).send({ ...shownRelease(kept), steps: [] });
    },
  );
  members.register(async (bytes: App) => {
    bytes.addContentTypeParser(
      "application/octet-stream",
      { parseAs: "buffer", bodyLimit: packagePieceBytesMax },
      (_request, body, done) => done(null, body),
    );
    addPackagePieces(bytes, { releases, releaseBook });
  });
  members.post(
    "/v1/releases/:release/escrow",
    {
      ...answerers,
      schema: {
        operationId: "escrowRelease",
        summary: "The package is whole: decided once more, then kept for the agency for 14 days",
        tags: ["releases"],
        params: contract.releaseParams,
        response: { 200: contract.release },
      },
    },
    async (request) => {
      const { id } = await ownRelease(releaseBook, sessionOf(request), request.params.release);
      const kept = demandStep(await releases.escrow(sessionOf(request).household, id), "no-known-signer");
      if (kept.state.urgent) await makeAvailable();
      return { ...shownRelease(found(await releaseBook.find(id))), steps: [] };
    },
  );
}

function addOwnList(members: App, { releaseBook }: ReleaseRouteServices): void {
  members.get(
    "/v1/releases",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "listReleases",
        summary: "The household's releases, newest first",
        tags: ["releases"],
        querystring: contract.recordQuery,
        response: { 200: contract.releaseList },
      },
    },
    async (request) => {
      const { household } = sessionOf(request);
      const { state, limit = 100, cursor } = request.query;
      const wanted = { household, ...(state && { kinds: [state] }), before: cursor, limit: limit + 1 };
      const kept = await releaseBook.list(wanted);
      return { releases: kept.slice(0, limit).map(shownRelease), ...nextOf(kept, limit) };
    },
  );
  members.get(
    "/v1/releases/:release",
    {
      onRequest: ownersOrContacts,
      schema: {
        operationId: "getRelease",
        summary: "A release with all that became of it",
        tags: ["releases"],
        params: contract.releaseParams,
        response: { 200: contract.release },
      },
    },
    async (request) => {
      const own = await ownRelease(releaseBook, sessionOf(request), request.params.release);
      return { ...shownRelease(own), steps: (await releaseBook.steps(own.id)).map(shownStep) };
    },
  );
}

function addWithdrawal(members: App, { releases, releaseBook }: ReleaseRouteServices): void {
  members.post(
    "/v1/releases/:release/withdraw",
    {
      onRequest: ownersOrContacts,
      schema: {
        operationId: "withdrawRelease",
        summary:
          "Ends a release: once this is answered no further byte of it is sent; what was fetched is asked back",
        tags: ["releases"],
        params: contract.releaseParams,
        body: contract.noteBody,
        response: { 200: contract.release },
      },
    },
    async (request) => {
      const { household } = sessionOf(request);
      const { id } = await ownRelease(releaseBook, sessionOf(request), request.params.release);
      const kept = demandStep(await releases.withdraw(household, id, request.body.note), "no-known-signer");
      return { ...shownRelease(kept), steps: [] };
    },
  );
}

function addPackagePieces(
  members: App,
  { releases, releaseBook }: Pick<ReleaseRouteServices, "releases" | "releaseBook">,
): void {
  members.put(
    "/v1/releases/:release/pieces/:piece",
    {
      ...answerers,
      schema: {
        operationId: "putPackagePiece",
        summary: "A piece of a package that is being prepared: an age file to the request's own key",
        tags: ["releases"],
        consumes: ["application/octet-stream"],
        params: contract.packagePieceParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { release, piece: index } = request.params;
      const piece = bytesIn(request.body);
      const { household } = sessionOf(request);
      const { id } = await ownRelease(releaseBook, sessionOf(request), release);
      found((await releases.put(household, id, index, piece)) || undefined);
      return reply.code(204).send(null);
    },
  );
}

/** What two operators look at. */
export function addReleaseReviews(operators: App, { releases, releaseBook }: ReleaseRouteServices): void {
  operators.get(
    "/operator/v1/releases",
    {
      schema: {
        operationId: "listReleasesToReview",
        summary: "Releases that wait for two operators: their circumstances, and nothing of the household",
        tags: ["operator"],
        querystring: contract.reviewQuery,
        response: { 200: contract.reviewList },
      },
    },
    async ({ query: { limit = 100, cursor } }) => {
      const kept = await releaseBook.list({ kinds: ["in-review"], before: cursor, limit: limit + 1 });
      return { reviews: kept.slice(0, limit).map(shownToReviewer), ...nextOf(kept, limit) };
    },
  );
  operators.post(
    "/operator/v1/releases/:release/review",
    {
      schema: {
        operationId: "reviewRelease",
        summary: "Nothing speaks against it; after a second operator's word the release goes on",
        tags: ["operator"],
        params: contract.releaseParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const id = releaseIdIn(request.params.release);
      const caller = operatorOf(request);
      // Reviewers never become fewer.
      if ((await releaseBook.find(id))?.state.reviewers.length === 0) demandOwnKey(caller);
      demandStep(await releases.review(id, caller.id), "no-known-signer");
      return reply.code(204).send(null);
    },
  );
}

export function shownRelease({ id, state }: KeptRelease) {
  const { kind, household, agency, request, authorisation, pieces, why, receipt, disposal } = state;
  const { escrowedAt, retrievedAt, until, unreceipted = false } = state;
  return {
    ...{ id, state: kind, household, agency, request, authorisation, pieces, unreceipted },
    ...(state.package !== undefined && { package: state.package }),
    ...(why !== undefined && { why }),
    ...(receipt !== undefined && { receipt }),
    ...(disposal !== undefined && { disposal }),
    ...timesOf({ escrowedAt, retrievedAt, until }),
  };
}

function timesOf<Name extends string>(times: Readonly<Record<Name, number | undefined>>) {
  const known = Object.entries<number | undefined>(times).filter(([, at]) => at !== undefined);
  return Object.fromEntries(known.map(([name, at]) => [name, timeTextOf(at ?? 0)]));
}

function shownToReviewer({ id, state: { agency, request, authorisation, reviewers } }: KeptRelease) {
  const { clips, child } = demand(parseAuthorisation(textOf(authorisation)));
  return { id, agency, request, clips: clips.length, child, reviewers: [...reviewers] };
}
