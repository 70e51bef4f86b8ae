import { type Newcomer, newcomerFingerprint, parseNewcomer } from "../../../shared/charter/joining.js";
import type { Role } from "../../../shared/charter/lines.js";
import { toBase32 } from "../../../shared/kernel/bytes.js";
import { type Fields, fieldsOf } from "../fields.js";
import { call, Problem, type Server, Unreachable } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";

const path = "/v1/invitations";
/** 80 bits. */
const idBytes = 10;
const hourMillis = 60 * 60_000;

export interface InviteOptions {
  /** Longest wait for the answer. */
  readonly hours: number;
  /** What the newcomer is meant to become; a reminder only, since the cloud could change it. */
  readonly role?: Role;
}

/** An id under which the cloud takes one newcomer's line. */
export async function makeInvitation(
  cloud: Cloud,
  { hours, role }: InviteOptions,
): Promise<{ readonly id: string; readonly expiresAt: string }> {
  const id = toBase32(systemRandom.bytes(idBytes));
  const expiresAt = new Date(systemClock.wall() + hours * hourMillis).toISOString();
  const body = { id, expiresAt, ...(role && { role }) };
  const made = await cloud.create(path, body);
  return { id, expiresAt: fieldsOf(made, path).text("expiresAt") };
}

/** `undefined` once the cloud has the newcomer's line; else why it has not, in a sentence. */
export async function answerInvitation(
  server: Server,
  id: string,
  newcomer: string,
): Promise<string | undefined> {
  const answer = {
    method: "POST",
    path: `${path}/${id}/answer`,
    body: { newcomer },
    repeatable: true,
  } as const;
  try {
    await call(server, answer);
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
    const gone = error instanceof Problem && error.status === 404;
    return gone ? "The owner took the invitation back, or it ended long ago." : error.message;
  }
}

/** Lists the household's invitations, or takes one back. */
export async function memberInvitations(
  folder: string,
  { action, invitation }: { readonly action?: string; readonly invitation?: string },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  if (action === "revoke") {
    if (invitation === undefined) throw new Refused("Say which: lintel member invitations revoke ID");
    await cloud.call({ method: "DELETE", path: `${path}/${encodeURIComponent(invitation)}` });
    terminal.json({ revoked: invitation });
    terminal.say(`Nobody answers invitation ${invitation} any more, and who did is forgotten.`);
    return;
  }
  const all = await invitationsOf(cloud);
  for (const one of all) {
    const { newcomer, ...facts } = one;
    const who = newcomer && {
      name: newcomer.name,
      member: newcomer.id,
      fingerprint: newcomerFingerprint(newcomer),
    };
    terminal.json({ ...facts, ...(who && { newcomer: who }) });
    terminal.say(`${one.id}  ${one.state.padEnd(8)}  until ${one.expiresAt}${lineOf(one)}`);
    if (one.contestedAt !== undefined) terminal.say(contestedText(one.contestedAt));
  }
  if (all.length === 0) terminal.say("Nobody is invited. Invite somebody: lintel member invite");
  if (all.some(({ state }) => state === "answered"))
    terminal.say("Call them, compare the fingerprint, then: lintel member add NAME --role ROLE");
}

export interface Invited {
  readonly id: string;
  readonly state: string;
  readonly expiresAt: string;
  readonly role?: string;
  /** Who answered, by the cloud's word alone: it could have put other keys there. */
  readonly newcomer?: Newcomer;
  readonly contestedAt?: string;
}

function lineOf({ role, newcomer }: Invited): string {
  const meant = role === undefined ? "" : `  as ${role}`;
  return newcomer === undefined
    ? meant
    : `${meant}  ${newcomer.name}, fingerprint ${newcomerFingerprint(newcomer)}`;
}

function contestedText(at: string): string {
  return `  somebody else tried to answer it, too, at ${at}: one of the two is not whom you invited. The fingerprint on your guest's screen tells which.`;
}

function invitationsOf(cloud: Cloud): Promise<readonly Invited[]> {
  return cloud.list(path, "invitations", readInvited);
}

function readInvited(fields: Fields): Invited {
  const [line, role, contestedAt] = ["newcomer", "role", "contestedAt"].map((name) => fields.maybeText(name));
  const newcomer = line === undefined ? undefined : parseNewcomer(line);
  return {
    id: fields.text("id"),
    state: fields.text("state"),
    expiresAt: fields.text("expiresAt"),
    ...(role !== undefined && { role }),
    ...(newcomer?.ok && { newcomer: newcomer.value }),
    ...(contestedAt !== undefined && { contestedAt }),
  };
}

/** The one newcomer of that name, or with that id, who waits in the cloud. */
export async function waitingNewcomer(cloud: Cloud, wanted: string, terminal: Terminal): Promise<Newcomer> {
  const waiting = (await invitationsOf(cloud)).filter(({ state }) => state === "answered");
  const named = waiting.filter(
    ({ id, newcomer }) => newcomer && [id, newcomer.id, newcomer.name].includes(wanted),
  );
  const contested = named.find(({ contestedAt }) => contestedAt !== undefined)?.contestedAt;
  if (contested !== undefined) terminal.warn(contestedText(contested).trim());
  const [first, ...others] = named.flatMap(({ newcomer }) => newcomer ?? []);
  if (first === undefined)
    throw new Refused(
      `Nobody called "${wanted}" has answered an invitation. "lintel member invitations" shows who has; or give the whole line that their "lintel member join" shows.`,
    );
  if (others.some(({ id }) => id !== first.id))
    throw new Refused(
      `Several who answered are called "${wanted}". Give the id of the invitation of the one you mean; "lintel member invitations" lists them.`,
    );
  return first;
}
