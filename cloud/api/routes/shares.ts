import { createHmac, timingSafeEqual } from "node:crypto";
import { mayShare } from "../../../shared/charter/lines.js";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { isHash } from "../../../shared/seal/hash.js";
import type { Repeats } from "../../household/repeats.io.js";
import type { SessionKey } from "../../household/sessionkey.io.js";
import type { Share, Shares } from "../../vault/shares.io.js";
import type { VaultReader } from "../../vault/vault.io.js";
import type { App } from "../app.js";
import { createHeaders, listQuery, nothing } from "../contract/common.js";
import * as contract from "../contract/shares.js";
import { clipIdIn } from "../ids.js";
import { newestFirst } from "../page.js";
import { bytesIn } from "../piece.js";
import type { RateLimit } from "../plugins/ratelimit.js";
import { answering, once } from "../plugins/repeats.js";
import { sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import type { Sight } from "../sight.js";
import { timeTextOf } from "../time.js";

export interface ShareServices {
  readonly vault: { readonly reader: VaultReader; readonly shares: Shares };
  readonly sight: Sight;
  readonly repeats: Repeats;
  readonly clock: Clock;
  readonly limit: RateLimit;
  /** Vouches for what a look may fetch. */
  readonly sessionKey: SessionKey;
}

const hourMillis = 60 * 60_000;
/** Whoever has opened a link fetches its pieces within this time. */
const lookMillisMax = 10 * 60_000;
const tags = ["shared links"];

/** Links by which people outside see one clip: a copy sealed by the member's client to a key that stands in the link only. */
export function addShares(members: App, services: ShareServices): void {
  addMaking(members, services);
  addShareList(members, services);
  // Pieces are bytes; every other route takes JSON only.
  members.register(async (bytes: App) => {
    bytes.addContentTypeParser(
      "application/octet-stream",
      { parseAs: "buffer", bodyLimit: contract.pieceBytesMax },
      (_request, body, done) => done(null, body),
    );
    addPieces(bytes, services);
  });
}

function addMaking(members: App, { vault, sight, repeats }: ShareServices): void {
  members.post(
    "/v1/shares",
    {
      ...once(repeats),
      schema: {
        operationId: "shareClip",
        summary: "A link for somebody outside to see one clip for a while; its key is in no request",
        tags,
        headers: createHeaders,
        body: contract.shareBody,
        response: { 201: contract.share },
      },
    },
    async (request, reply) => {
      const session = sessionOf(request);
      const { household, member, role } = session;
      if (!mayShare(role)) throw new Problem("may-not-share");
      const { clip: id, hours = contract.shareHours.usual, views: viewsMax, pieces } = request.body;
      const clip = await vault.reader.clip(household, clipIdIn(id));
      const visible = clip !== undefined && (await sight.of(session)).has(clip.camera);
      const { camera } = found(visible ? clip : undefined);
      const wanted = { household, member, clip: clipIdIn(id), camera, pieces, viewsMax };
      const beside = answering(request, reply.code(201), shown);
      const share = demand(await vault.shares.begin({ ...wanted, millis: hours * hourMillis }, beside));
      return reply.send(shown(share));
    },
  );
}

function addPieces(members: App, { vault }: ShareServices): void {
  members.put(
    "/v1/shares/:share/pieces/:piece",
    {
      schema: {
        operationId: "putSharePiece",
        summary:
          "A piece of the link's age file, from whoever makes the link; the first one begins with its header",
        tags,
        consumes: ["application/octet-stream"],
        params: contract.pieceParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { household, member } = sessionOf(request);
      const { share: id, piece: index } = request.params;
      const piece = bytesIn(request.body);
      demand(await vault.shares.put({ household, member, id, index, piece }));
      return reply.code(204).send(null);
    },
  );
}

function addShareList(members: App, { vault }: ShareServices): void {
  members.get(
    "/v1/shares",
    {
      schema: {
        operationId: "listShares",
        summary:
          "Links that have not ended, newest first, and how often they were opened: an owner sees the household's",
        tags,
        querystring: listQuery,
        response: { 200: contract.shareList },
      },
    },
    async (request) => {
      const { household, member, role } = sessionOf(request);
      const all = await vault.shares.list(household);
      const seen = all.filter((one) => role === "owner" || one.member === member).map(shown);
      const { items, rest } = newestFirst(seen, request.query);
      return { shares: items, ...rest };
    },
  );
  members.delete(
    "/v1/shares/:share",
    {
      schema: {
        operationId: "endShare",
        summary: "Ends a link at once and takes its copy away: the member's own, for an owner anybody's",
        tags,
        params: contract.shareParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { household, member, role } = sessionOf(request);
      const all = await vault.shares.list(household);
      const { id } = found(
        all.find((one) => one.id === request.params.share && (role === "owner" || one.member === member)),
      );
      found((await vault.shares.remove(household, id)) || undefined);
      return reply.code(204).send(null);
    },
  );
}

/** What whoever has the link may ask; without a token. The same for links that never were. */
export function addSharesForOutside(app: App, { vault, clock, limit, sessionKey }: ShareServices): void {
  const passes = createPasses(clock, sessionKey.privatePem);
  const shared = { config: limit, schema: { tags } };
  app.post(
    "/s/:share/looks",
    {
      ...shared,
      schema: {
        operationId: "lookAtShare",
        summary: "Opens a link: counted, and noted for the household",
        tags,
        params: contract.shareParams,
        response: { 200: contract.look },
      },
    },
    async (request, reply) => {
      const share = await vault.shares.look(request.params.share);
      if (share === undefined) throw new Problem("link-over");
      const { id, pieces, expiresAt, views, viewsMax } = share;
      const left = viewsMax === undefined ? {} : { viewsLeft: viewsMax - views };
      reply.header("cache-control", "no-store");
      return { pieces, pass: passes.of(id), expiresAt: timeTextOf(expiresAt), ...left };
    },
  );
  app.get(
    "/s/:share/pieces/:piece",
    {
      ...shared,
      schema: {
        operationId: "getSharePiece",
        summary: "A piece of an opened link's age file",
        tags,
        produces: ["application/octet-stream"],
        params: contract.pieceParams,
        headers: contract.lookHeaders,
      },
    },
    async (request, reply) => {
      const { share, piece: index } = request.params;
      if (!passes.holds(share, request.headers["lintel-look"])) throw new Problem("link-over");
      const piece = await vault.shares.piece(share, index);
      if (piece === undefined) throw new Problem("link-over");
      return reply.type("application/octet-stream").header("cache-control", "no-store").send(piece);
    },
  );
}

/** A look's right to fetch: `end.mac`, for one link. */
function createPasses(clock: Clock, secret: string) {
  const macOf = (share: string, end: Millis): Buffer =>
    createHmac("sha256", secret).update(`lintel share look\n${share}\n${end}`).digest();
  return {
    of(share: string): string {
      const end = millis(clock.wall() + lookMillisMax);
      return `${end}.${macOf(share, end).toString("base64")}`;
    },
    holds(share: string, pass: string): boolean {
      const [endText = "", mac = ""] = pass.split(".");
      const end = millis(Number(endText));
      if (!/^\d{1,15}$/.test(endText) || end <= clock.wall() || !isHash(mac)) return false;
      return timingSafeEqual(Buffer.from(mac, "base64"), macOf(share, end));
    },
  };
}

function shown({ id, clip, camera, member, madeAt, expiresAt, whole, views, viewsMax }: Share) {
  const times = { madeAt: timeTextOf(madeAt), expiresAt: timeTextOf(expiresAt) };
  return { id, clip, camera, member, ...times, whole, views, ...(viewsMax !== undefined && { viewsMax }) };
}
