import type { Fields } from "../fields.js";
import { Problem, Unreachable } from "../http.io.js";
import { Refused } from "../refused.js";
import { forgetSession, loadSession } from "../session.io.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

export interface SessionsOptions {
  readonly action?: string;
  readonly session?: string;
  readonly all?: boolean;
}

/** Lists the member's sessions, or ends one or all of them. */
export async function memberSessions(
  folder: string,
  { action, session, all = false }: SessionsOptions,
  terminal: Terminal,
): Promise<void> {
  if (action === "revoke") return revoke(folder, { session, all }, terminal);
  const sessions = await openCloud(folder).list("/v1/sessions", "sessions", readSession);
  for (const one of sessions) {
    terminal.json(one);
    const mark = one.current ? "  this one" : "";
    terminal.say(`${one.id}  since ${one.madeAt}, last used ${one.usedAt}  ${one.how}  ${one.client}${mark}`);
  }
  terminal.say("One that is not yours? End it: lintel member sessions revoke ID");
}

async function revoke(
  folder: string,
  { session, all }: { readonly session: string | undefined; readonly all: boolean },
  terminal: Terminal,
): Promise<void> {
  if ((session === undefined) !== all)
    throw new Refused("Say which: lintel member sessions revoke ID, or all of them with --all.");
  const cloud = openCloud(folder);
  await cloud.call({ method: "DELETE", path: all ? "/v1/sessions" : `/v1/sessions/${session}` });
  terminal.json({ revoked: session ?? "all" });
  terminal.say(
    all ? "All your sessions are over, everywhere, this one too." : `Session ${session} is over, everywhere.`,
  );
}

function readSession(fields: Fields) {
  return {
    id: fields.text("id"),
    how: fields.text("how"),
    client: fields.text("client"),
    madeAt: fields.text("madeAt"),
    usedAt: fields.text("usedAt"),
    expiresAt: fields.text("expiresAt"),
    current: fields.maybeFlag("current") ?? false,
  };
}

/** Ends the session here and in the cloud; the keys stay. */
export async function memberLogout(folder: string, terminal: Terminal): Promise<void> {
  const session = loadSession(folder)?.session;
  if (session !== undefined) await endInCloud(folder, session, terminal);
  forgetSession(folder);
  terminal.say("Logged out.");
}

async function endInCloud(folder: string, session: string, terminal: Terminal): Promise<void> {
  try {
    await openCloud(folder).end(session);
  } catch (error) {
    if (error instanceof Problem && [401, 404].includes(error.status)) return; // it was over already
    if (!(error instanceof Problem || error instanceof Unreachable || error instanceof Refused)) throw error;
    terminal.warn(`The cloud could not be told: ${error.message} There the session ends within 90 days.`);
  }
}
