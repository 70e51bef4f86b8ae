import { setTimeout as wait } from "node:timers/promises";
import { fieldsOf, UnexpectedAnswer } from "../fields.js";
import { Problem, Unreachable } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { createNews, type News } from "./news.js";
import { createEventReader, type ServerEvent } from "./sse.js";

/** The cloud sends a comment at least this often; a longer silence is a dead connection. */
const silenceMillisMax = 60_000;
const pauseMillis = { first: 500, max: 30_000 };

/** Tells what arrives in the vault until it is interrupted. */
export async function memberWatch(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { newest } = await cloud.household();
  const names = new Map<string, string>(
    [...newest.cameras, ...newest.members].map(({ id, name }) => [id, name]),
  );
  const news = createNews((id) => names.get(id));
  return watchEvents(cloud, terminal, ({ event, data, id }) => {
    const parsed = parse(data);
    terminal.json({ event, id, data: parsed });
    const line = lineOf(news, event, parsed);
    if (line !== undefined) terminal.say(line);
  });
}

/** What a newer cloud tells in another form is left out. */
function lineOf(news: News, event: string, data: unknown): string | undefined {
  try {
    return news.lineOf(event, fieldsOf(data, event), new Date().toISOString());
  } catch (error) {
    if (error instanceof UnexpectedAnswer) return undefined;
    throw error;
  }
}

/** Hands over each event for ever; reconnects and misses nothing that the cloud still has. */
export async function watchEvents(
  cloud: Cloud,
  terminal: Terminal,
  onEvent: (event: ServerEvent) => void,
): Promise<never> {
  const seen: Seen = { last: undefined, pause: pauseMillis.first };
  for (;;) {
    try {
      await watchOnce(cloud, seen, terminal, onEvent);
    } catch (error) {
      if (!passes(error)) throw error;
    }
    terminal.progress(`the connection is gone; again in ${Math.ceil(seen.pause / 1000)} s …`);
    await wait(seen.pause * (0.5 + Math.random()));
    seen.pause = Math.min(seen.pause * 2, pauseMillis.max);
  }
}

interface Seen {
  /** Id of the newest event: the stream goes on behind it. */
  last: string | undefined;
  pause: number;
}

async function watchOnce(
  cloud: Cloud,
  seen: Seen,
  terminal: Terminal,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  const headers = {
    accept: "text/event-stream",
    ...(seen.last !== undefined && { "last-event-id": seen.last }),
  };
  const call = { method: "GET", path: "/v1/stream", headers, silenceMillis: silenceMillisMax } as const;
  const answer = await cloud.stream(call);
  terminal.progress("watching …");
  seen.pause = pauseMillis.first;
  const read = createEventReader();
  answer.setEncoding("utf8");
  for await (const text of answer) {
    for (const event of read(text)) {
      seen.last = event.id ?? seen.last;
      onEvent(event);
    }
  }
}

/** What another try may get past; a connection that broke half-way is a plain error of the stream. */
function passes(error: unknown): boolean {
  if (error instanceof Problem) return error.status >= 500 || error.status === 429;
  if (error instanceof Refused || error instanceof UnexpectedAnswer) return false;
  return !(error instanceof Unreachable) || error.code !== "BAD_URL";
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
