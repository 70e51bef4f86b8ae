import { rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { alone, readIfThere, writeDurably } from "./disk.io.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "./fields.js";
import { call, Problem, type Server } from "./http.io.js";
import { Refused } from "./refused.js";
import { systemClock } from "./world.io.js";

// A session with a cloud, kept beside the keys that opened it: a member's, an officer's, an operator's.

export interface Session {
  readonly token: string;
  readonly expiresAt: string;
  /** The cloud's name for it. */
  readonly session?: string;
  /** Renews it, once. */
  readonly refresh?: string;
}

/** How the list of sessions shows this computer. */
export const clientHeaders = { "user-agent": `lintel on ${hostname()}` };

const tokenCharsMax = 4096;
/** Time before its end at which a session counts as over. */
const sessionMarginMillis = 30_000;

const fileIn = (folder: string): string => join(folder, "session.json");

/** Where a session comes from. */
export interface Door {
  readonly folder: string;
  readonly server: Server;
  /** The route that renews one. */
  readonly refreshPath: string;
  logIn(): Promise<Session>;
}

/** Runs with a token that counts: the one that is kept, or another one where the cloud has ended it. */
export async function withSession<T>(door: Door, use: (token: string) => Promise<T>): Promise<T> {
  const { token } = await currentSession(door);
  try {
    return await use(token);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    if (loadSession(door.folder)?.token === token) forgetSession(door.folder); // it was ended, or our clock was set
  }
  return use((await currentSession(door)).token);
}

/** The session that is kept, renewed where it must be; else another one. One command at a time: a token renews only once. */
export async function currentSession(door: Door): Promise<Session> {
  const { folder } = door;
  const before = loadSession(folder);
  if (before !== undefined && isFresh(before)) return before;
  return alone(join(folder, "session.lock"), async () => {
    const kept = loadSession(folder);
    if (kept !== undefined && isFresh(kept)) return kept;
    const session = (await renewed(door, kept?.refresh)) ?? (await door.logIn());
    // Power lost before this: the cloud has ended the old token, so the next command logs in.
    saveSession(folder, session);
    return session;
  });
}

async function renewed(
  { server, refreshPath: path }: Door,
  refresh: string | undefined,
): Promise<Session | undefined> {
  if (refresh === undefined) return undefined;
  try {
    const answer = await call(server, { method: "POST", path, headers: clientHeaders, body: { refresh } });
    return readSession(fieldsOf(answer, path));
  } catch (error) {
    if (error instanceof Problem && [400, 401, 404].includes(error.status)) return undefined;
    throw error;
  }
}

function isFresh({ expiresAt }: Session): boolean {
  return Date.parse(expiresAt) - sessionMarginMillis > systemClock.wall();
}

/** A JWT (RFC 7519) of a size that a header takes. */
export function isToken(text: string): boolean {
  return text.length <= tokenCharsMax && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

export function loadSession(folder: string): Session | undefined {
  const text = readIfThere(fileIn(folder));
  if (text === undefined) return undefined;
  try {
    return readSession(fieldsOf(JSON.parse(text), "session.json"));
  } catch {
    return undefined; // log in again
  }
}

/** What the cloud gave at a login or renewal, and what is kept of it. Throws on a token that no header takes. */
export function readSession(fields: Fields): Session {
  const token = fields.text("token");
  if (!isToken(token)) throw new UnexpectedAnswer("the login gave no token");
  const [session, refresh] = [fields.maybeText("session"), fields.maybeText("refresh")];
  return {
    token,
    expiresAt: fields.text("expiresAt"),
    ...(session !== undefined && { session }),
    ...(refresh !== undefined && { refresh }),
  };
}

export function saveSession(folder: string, session: Session): void {
  writeDurably(fileIn(folder), JSON.stringify(session));
}

export function forgetSession(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile())
    throw new Refused(`${folder} is a file. Name the folder where your keys are: --profile DIR`);
  rmSync(fileIn(folder), { force: true });
}
