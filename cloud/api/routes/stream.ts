import type { ServerResponse } from "node:http";
import Type from "typebox";
import type { OpenedCharter } from "../../../shared/charter/charter.js";
import type { CameraId, HouseholdId } from "../../../shared/kernel/ids.js";
import type { CharterWriter } from "../../household/charters.io.js";
import { mayManage } from "../../household/rights.js";
import type { App } from "../app.js";
import type { Hub, NumberedEvent } from "../hub.js";
import { type Caller, type Doors, sessionOf, stillThere } from "../plugins/session.js";
import { Problem } from "../problems.js";
import type { Sight } from "../sight.js";

/** A comment at least this often, so that both ends notice a dead line. */
const heartbeatMillis = 15_000;
/** Streams at a time. */
const streamsMax = { ofMember: 8, ofHousehold: 32 } as const;
/** What may wait for a slow client before it is cut off; it comes back with Last-Event-ID. */
const waitingBytesMax = 256 * 1024;
/** Of what a client missed the newest that fit into this are sent: with all of it waiting it would be cut off each time. */
const missedCharsMax = 128 * 1024;

export interface StreamServices extends Doors {
  readonly hub: Hub;
  readonly sight: Sight;
  readonly charters: CharterWriter;
}

interface Stream {
  session: Caller;
  visible: ReadonlySet<CameraId>;
  end(): void;
}

const streamHeaders = Type.Object({
  "last-event-id": Type.Optional(
    Type.String({ maxLength: 100, description: "The id of the last event seen" }),
  ),
});

/** What arrives, as it arrives (server-sent events, WHATWG HTML §9.2). */
export function addStream(members: App, services: StreamServices): void {
  const { hub, sight, sessions, tokens, charters } = services;
  const streams = new Set<Stream>();
  charters.onChange((charter) => {
    // Doubt ends the household's streams: their clients come back and are looked at anew.
    lookAgain(streams, charter, services).catch(() => endAll(streams, charter.household));
  });
  for (const doors of [sessions, tokens])
    doors.onEnd((ids) => {
      for (const stream of streams) if (ids.includes(stream.session.session)) stream.end();
    });
  members.addHook("preClose", async () => {
    endAll(streams);
  });

  members.get(
    "/v1/stream",
    {
      // It would hold a place among the streams and never be answered.
      exposeHeadRoute: false,
      schema: {
        operationId: "watch",
        summary:
          "clip.started, clip.segment, clip.thumbnail, clip.ended, event, camera.status, session.started, passkey.added, charter.proposed, recovery.changed, recovery.fetched, invitation.answered, operator.access, notice as server-sent events; `missed` when some are kept no more",
        tags: ["events"],
        produces: ["text/event-stream"],
        headers: streamHeaders,
      },
    },
    async (request, reply) => {
      const session = sessionOf(request);
      const visible = new Set((await sight.of(session)).keys());
      // From here to its place among the streams nothing waits: no two requests count the same gap as theirs.
      if (isCrowded(streams, session)) throw new Problem("too-many-streams");
      reply.hijack();
      const raw = reply.raw;
      // Its `close` is over already: nobody would take the stream off the list.
      if (raw.destroyed) return;
      raw.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-request-id": request.id,
      });
      const stream: Stream = { session, visible, end: () => raw.end() };
      streams.add(stream);
      const stop = follow(hub, stream, raw, request.headers["last-event-id"]);
      const expiry = setTimeout(() => raw.end(), Math.max(session.until - Date.now(), 0));
      raw.on("close", () => {
        clearTimeout(expiry);
        stop();
        streams.delete(stream);
      });
    },
  );
}

function follow(hub: Hub, stream: Stream, raw: ServerResponse, lastId: string | undefined): () => void {
  const write = (text: string): void => {
    if (raw.writableLength > waitingBytesMax) raw.destroy();
    else if (!raw.writableEnded) raw.write(text);
  };
  const deliver = (event: NumberedEvent): void => {
    if (concerns(stream, event)) write(formatEvent(event));
  };
  const subscription = hub.subscribe(stream.session.household, lastId, deliver);
  const missed = subscription.backlog.filter((event) => concerns(stream, event)).map(formatEvent);
  const newest = newestThatFit(missed, missedCharsMax);
  write(": Lintel\n\n");
  if (subscription.incomplete || newest.length < missed.length) write("event: missed\ndata: {}\n\n");
  for (const text of newest) write(text);
  const heartbeat = setInterval(() => write(": still here\n\n"), heartbeatMillis);
  return () => {
    clearInterval(heartbeat);
    subscription.stop();
  };
}

/** What a camera tells is for those who see it; what a member did, for their other sessions and the owners. */
function concerns({ visible, session }: Stream, { camera, member, data }: NumberedEvent): boolean {
  if (camera !== undefined) return visible.has(camera);
  if ("session" in data && data.session === session.session) return false;
  return member === session.member || mayManage(session.role);
}

function newestThatFit(texts: readonly string[], charsMax: number): readonly string[] {
  let chars = 0;
  const last = texts.findLastIndex((text) => {
    chars += text.length;
    return chars > charsMax;
  });
  return texts.slice(last + 1);
}

function formatEvent({ id, kind, camera, member, data }: NumberedEvent): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ camera, member, ...data })}\n\n`;
}

/** A charter changed: who is no longer a member sees no more, and nobody sees more than it says. */
async function lookAgain(
  streams: ReadonlySet<Stream>,
  { household }: OpenedCharter,
  services: StreamServices,
): Promise<void> {
  for (const stream of streams) {
    if (stream.session.household !== household) continue;
    const standing = await stillThere(services, stream.session);
    if (standing === undefined) {
      stream.end();
      continue;
    }
    const { role: _role, sees: _sees, ...way } = stream.session;
    stream.session = { ...way, ...standing };
    stream.visible = new Set((await services.sight.of(standing)).keys());
  }
}

function endAll(streams: ReadonlySet<Stream>, household?: HouseholdId): void {
  for (const stream of streams) {
    if (household === undefined || stream.session.household === household) stream.end();
  }
}

function isCrowded(streams: ReadonlySet<Stream>, { household, member }: Caller): boolean {
  const theirs = [...streams].filter(({ session }) => session.household === household);
  const own = theirs.filter(({ session }) => session.member === member);
  return theirs.length >= streamsMax.ofHousehold || own.length >= streamsMax.ofMember;
}
