import { Readable } from "node:stream";
import { mayDelete, memberVerifier } from "../../../shared/charter/lines.js";
import { parseDeletion } from "../../../shared/clip/custody.js";
import type { CameraId, ClipId, HouseholdId } from "../../../shared/kernel/ids.js";
import { openNote } from "../../../shared/seal/note.js";
import type { CharterReader } from "../../household/charters.io.js";
import type { ClipDetail, ClipFacts } from "../../vault/clip.js";
import type { Custody, CustodyAct, CustodyEntry } from "../../vault/custody.io.js";
import type { VaultEraser } from "../../vault/erase.io.js";
import type { StoredSegment, VaultKeeper, VaultReader } from "../../vault/vault.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/clips.js";
import { changeHeaders, nothing, readHeaders } from "../contract/common.js";
import { demandUnchanged, isUnchanged, names } from "../etag.js";
import { cameraIdIn, clipIdIn } from "../ids.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { type ByteRange, parseRange } from "../range.js";
import type { Sight } from "../sight.js";
import { parseTime, timeTextOf } from "../time.js";

export interface ClipServices {
  readonly vault: {
    readonly reader: VaultReader;
    readonly keeper: VaultKeeper;
    readonly eraser: VaultEraser;
  };
  readonly charters: CharterReader;
  readonly sight: Sight;
  readonly custody: Custody;
  /** Tells a camera that is connected of a member's signed deletion; one that is away hears it when it connects. */
  readonly orderDeletion: (camera: CameraId, note: string) => void;
}

const defaultLimit = 50;

/** Sealed clips: what the vault knows of them, their bytes, their end. */
export function addClips(members: App, services: ClipServices): void {
  addClipPages(members, services);
  addSegments(members, services);
  addThumbnail(members, services);
  addKeepMarks(members, services);
  addDeletion(members, services);
}

function addClipPages(members: App, { vault, sight }: ClipServices): void {
  members.get(
    "/v1/clips",
    {
      schema: {
        operationId: "listClips",
        summary: "Clips, newest first",
        tags: ["clips"],
        querystring: contract.clipQuery,
        response: { 200: contract.clipPage },
      },
    },
    async (request) => {
      const { limit = defaultLimit, cursor, camera, trigger, from, to } = request.query;
      const { within } = await sight.reach(sessionOf(request));
      const page = await vault.reader.clips(sessionOf(request).household, {
        limit,
        cursor,
        trigger,
        camera: camera === undefined ? undefined : cameraIdIn(camera),
        ...within,
        from: timeIn(from),
        to: timeIn(to),
      });
      const clips = page.items.map(listed);
      return page.next === undefined ? { clips } : { clips, next: page.next };
    },
  );

  members.get(
    "/v1/clips/:clip",
    {
      schema: {
        operationId: "getClip",
        summary: "A clip with its segments and their signed notes",
        tags: ["clips"],
        params: contract.clipParams,
        headers: readHeaders,
        response: { 200: contract.clipDetail, 304: nothing },
      },
    },
    async (request, reply) => {
      const clip = detailed(await visibleClip({ vault, sight }, request, clipIdIn(request.params.clip)));
      return isUnchanged(request, reply, clip) ? reply.send(null) : clip;
    },
  );
}

function detailed(clip: ClipDetail) {
  const segments = clip.parts.map((part) => ({ ...part, arrivedAt: timeTextOf(part.arrivedAt) }));
  const { thumbnail } = clip;
  const picture = thumbnail && { ...thumbnail, arrivedAt: timeTextOf(thumbnail.arrivedAt) };
  return { ...listed(clip), ...(picture && { thumbnail: picture }), segments };
}

function addSegments(members: App, { vault, sight, custody }: ClipServices): void {
  members.get(
    "/v1/clips/:clip/segments/:index",
    {
      schema: {
        operationId: "getSegment",
        summary: "A sealed segment: one age file, whole or a range of it",
        tags: ["clips"],
        produces: ["application/octet-stream"],
        params: contract.segmentParams,
        headers: contract.segmentHeaders,
      },
    },
    async (request, reply) => {
      const { index } = request.params;
      const clip = await visibleClip({ vault, sight }, request, clipIdIn(request.params.clip));
      const { id } = clip;
      const segment = found(await vault.reader.segment(sessionOf(request).household, id, index));
      const tag = `"${segment.sha256}"`;
      const unchanged = names(request.headers["if-none-match"], tag);
      if (!unchanged && !(await segment.isWhole())) {
        // Deleted in this very moment: not there, as for everybody after.
        found(await vault.reader.segment(sessionOf(request).household, id, index));
        throw new Problem("segment-damaged");
      }
      reply
        .type("application/octet-stream")
        .header("etag", tag)
        .header("accept-ranges", "bytes")
        .header("cache-control", "private, no-cache")
        .header("repr-digest", `sha-256=:${segment.sha256}:`);
      if (unchanged) return reply.code(304).send();
      await noteSending(custody, request, actOf(request, clip, "opened"));
      const ifRange = request.headers["if-range"];
      const range = ifRange === undefined || ifRange === tag ? request.headers.range : undefined;
      const wanted = parseRange(range, segment.bytes);
      if (wanted === "unsatisfiable") {
        reply.header("content-range", `bytes */${segment.bytes}`);
        throw new Problem("range-not-satisfiable");
      }
      if (wanted === "whole") return reply.send(bytesOf(reply, segment, { start: 0, end: segment.bytes }));
      reply.code(206).header("content-range", `bytes ${wanted.start}-${wanted.end - 1}/${segment.bytes}`);
      return reply.send(bytesOf(reply, segment, wanted));
    },
  );
}

function addThumbnail(members: App, { vault, sight, custody }: ClipServices): void {
  members.get(
    "/v1/clips/:clip/thumbnail",
    {
      schema: {
        operationId: "getThumbnail",
        summary:
          "A clip's sealed picture: one age file with a JPEG inside; its signed note stands in the clip",
        tags: ["clips"],
        produces: ["application/octet-stream"],
        params: contract.clipParams,
        headers: readHeaders,
      },
    },
    async (request, reply) => {
      const clip = await visibleClip({ vault, sight }, request, clipIdIn(request.params.clip));
      const { id } = clip;
      const { sha256, file } = found(await vault.reader.thumbnail(sessionOf(request).household, id));
      if (file === undefined) throw new Problem("thumbnail-damaged");
      const tag = `"${sha256}"`;
      reply
        .type("application/octet-stream")
        .header("etag", tag)
        .header("cache-control", "private, no-cache")
        .header("repr-digest", `sha-256=:${sha256}:`);
      if (names(request.headers["if-none-match"], tag)) return reply.code(304).send();
      await noteSending(custody, request, actOf(request, clip, "looked"));
      return reply.send(Buffer.from(file));
    },
  );
}

function addKeepMarks(members: App, { vault, sight, custody }: ClipServices): void {
  const schema = { tags: ["clips"], params: contract.clipParams, headers: changeHeaders };
  const response = { 204: nothing };
  const mark = async (request: ClipRequest, kept: boolean): Promise<void> => {
    const clip = await visibleClip({ vault, sight }, request, clipIdIn(request.params.clip));
    demandUnchanged(request, detailed(clip));
    const outcome = found(await vault.keeper.mark(sessionOf(request).household, clip.id, kept));
    if (outcome === "full") throw new Problem("too-many-kept");
    await custody.note(actOf(request, clip, kept ? "kept" : "let-go"));
  };
  const keep = {
    operationId: "keepClip",
    summary: "Marks a clip to be kept past the household's retention, up to daysMax",
  };
  members.put(
    "/v1/clips/:clip/keep",
    { onRequest: ownersOnly, schema: { ...schema, ...keep, response } },
    async (request, reply) => {
      await mark(request, true);
      return reply.code(204).send(null);
    },
  );
  const letGo = {
    operationId: "letClipGo",
    summary: "Takes the mark off: a clip past its retention ends at the next sweep",
  };
  members.delete(
    "/v1/clips/:clip/keep",
    { onRequest: ownersOnly, schema: { ...schema, ...letGo, response } },
    async (request, reply) => {
      await mark(request, false);
      return reply.code(204).send(null);
    },
  );
}

type ClipRequest = Parameters<typeof sessionOf>[0] & { readonly params: { readonly clip: string } };

function addDeletion(members: App, { vault, sight, custody, ...services }: ClipServices): void {
  const { charters, orderDeletion } = services;
  members.delete(
    "/v1/clips/:clip",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "deleteClip",
        summary: "Destroys a clip's key before it answers; with a signed note the camera's copy goes too",
        tags: ["clips"],
        params: contract.clipParams,
        headers: changeHeaders,
        body: contract.deleteBody,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { household } = sessionOf(request);
      const clip = await visibleClip({ vault, sight }, request, clipIdIn(request.params.clip));
      demandUnchanged(request, detailed(clip));
      const { id, camera } = clip;
      const note = request.body?.note;
      if (note !== undefined) await checkDeletion(charters, { household, camera, id, note });
      await custody.note(actOf(request, clip, "deleted"));
      found(await vault.eraser.erase(household, id, note));
      if (note !== undefined) orderDeletion(camera, note);
      return reply.code(204).send(null);
    },
  );
}

/** Before anything is sent; to HEAD nothing is. */
async function noteSending(
  custody: Custody,
  { method }: Pick<ClipRequest, "method">,
  entry: CustodyEntry,
): Promise<void> {
  if (method === "GET") await custody.note(entry);
}

/** What whoever asks does to a clip. */
function actOf(
  request: Parameters<typeof sessionOf>[0],
  { id, camera }: Pick<ClipDetail, "id" | "camera">,
  act: CustodyAct,
) {
  const { household, member } = sessionOf(request);
  return { household, member, clip: id, camera, act };
}

interface Asked {
  readonly household: HouseholdId;
  readonly camera: CameraId;
  readonly id: ClipId;
  readonly note: string;
}

/** Signed by somebody whom the camera obeys, too, over exactly this clip. */
async function checkDeletion(charters: CharterReader, { household, camera, id, note }: Asked): Promise<void> {
  const charter = found(await charters.current(household));
  const deleters = charter.members.filter(({ role }) => mayDelete(role));
  const opened = demand(openNote(note, deleters.map(memberVerifier)));
  const deletion = demand(parseDeletion(opened.text));
  if (deletion.household !== household) throw new Problem("other-household");
  if (deletion.camera !== camera || deletion.clip !== id) throw new Problem("other-clip");
}

/** The clip, or the one answer for those that are not there, not this household's, or not this member's to see. */
async function visibleClip(
  { vault, sight }: Pick<ClipServices, "vault" | "sight">,
  request: Parameters<typeof sessionOf>[0],
  id: ClipId,
): Promise<ClipDetail> {
  const session = sessionOf(request);
  const clip = await vault.reader.clip(session.household, id);
  const { covers } = await sight.reach(session);
  return found(clip !== undefined && covers(clip) ? clip : undefined);
}

function listed({ id, camera, recordedAt, arrivedAt, trigger, ...facts }: ClipFacts) {
  const { state, segments, bytes, hasThumbnail, kept } = facts;
  const times = { recordedAt: timeTextOf(recordedAt), arrivedAt: timeTextOf(arrivedAt) };
  const cause = trigger === undefined ? {} : { trigger };
  return { id, camera, ...times, state, segments, bytes, hasThumbnail, kept, ...cause };
}

function bytesOf(reply: Headers, segment: StoredSegment, { start, end }: ByteRange): Readable {
  reply.header("content-length", end - start);
  return Readable.from(segment.read(start, end), { objectMode: false });
}

interface Headers {
  header(name: string, value: number): unknown;
}

function timeIn(text: string | undefined) {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time === undefined) throw new Problem("malformed-request");
  return time;
}
