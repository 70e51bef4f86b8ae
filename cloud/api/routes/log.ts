import type { FastifyReply } from "fastify";
import Type from "typebox";
import type { LogReader } from "../../tlog/publiclog.io.js";
import type { App } from "../app.js";
import * as contract from "../contract/log.js";
import { perMinute } from "../plugins/ratelimit.js";
import { found } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface LogServices {
  readonly log: LogReader;
}

/** What costs more than a file's bytes, a minute and address; an audit of 500,000 entries asks so often. */
const callsPerMinute = 1_200;
const defaultLimit = 100;
const text = "text/plain; charset=utf-8";
const forEver = "public, max-age=31536000, immutable";
/** A proof is always the same, until the log names more witnesses. */
const forAnHour = "public, max-age=3600";
/** What grows is asked for again soon. */
const shortly = "public, max-age=2";

/** The public log, for anybody: C2SP tlog-tiles below /tlog, and beside it what finds an entry and proves it. */
export function addLog(app: App, { log }: LogServices): void {
  addTiles(app, log);
  app.get(
    "/tlog/entries",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "listLogEntries",
        summary: "Entries of the public log, newest first; the tiles prove them",
        tags: ["log"],
        querystring: contract.entriesQuery,
        response: { 200: contract.entriesPage },
      },
    },
    async ({ query }, reply) => {
      const { kind, agency, id, limit = defaultLimit, cursor } = query;
      const before = cursor === undefined ? undefined : Number(cursor);
      const all = await log.list({ kind, agency, ids: id?.split(","), before, limit });
      const entries = all.slice(0, limit).map((entry) => ({ ...entry, at: timeTextOf(entry.at) }));
      const last = entries.at(-1);
      reply.header("cache-control", shortly);
      return all.length > limit && last !== undefined ? { entries, next: `${last.index}` } : { entries };
    },
  );
  app.get(
    "/tlog/proof/:index",
    {
      config: perMinute(callsPerMinute),
      schema: {
        operationId: "getLogProof",
        summary: "That an entry stands in the log, for the offline (C2SP tlog-proof)",
        tags: ["log"],
        params: contract.proofParams,
        produces: [text],
        response: { 200: Type.String() },
      },
    },
    async ({ params }, reply) => send(reply, text, found(await log.proof(Number(params.index))), forAnHour),
  );
}

function addTiles(app: App, log: LogReader): void {
  app.get(
    "/tlog/checkpoint",
    {
      schema: {
        operationId: "getLogCheckpoint",
        summary: "The newest published checkpoint (C2SP tlog-checkpoint), with its witnesses' cosignatures",
        tags: ["log"],
        produces: [text],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => send(reply, text, log.checkpoint(), shortly),
  );
  app.get(
    "/tlog/policy",
    {
      schema: {
        operationId: "getLogPolicy",
        summary: "The log's key and its witnesses' (C2SP tlog-policy): pin them once, and compare",
        tags: ["log"],
        produces: [text],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => send(reply, text, log.policy, shortly),
  );
  app.get(
    "/tlog/tile/*",
    {
      schema: {
        operationId: "getLogTile",
        summary: "Hashes or entries of the log (C2SP tlog-tiles), as far as the checkpoint covers them",
        tags: ["log"],
        params: contract.tileParams,
        produces: ["application/octet-stream"],
      },
    },
    async ({ params }, reply) => {
      const tile = found(await log.read(`tile/${params["*"]}`));
      return send(reply, "application/octet-stream", Buffer.from(tile));
    },
  );
}

function send(reply: FastifyReply, type: string, body: string | Buffer, keep = forEver): FastifyReply {
  return reply.header("cache-control", keep).type(type).send(body);
}
