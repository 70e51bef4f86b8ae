import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { SignedCharter } from "../../../shared/charter/charter.js";
import { formatLogin, loginKeyName } from "../../../shared/charter/login.js";
import { isHash } from "../../../shared/seal/hash.js";
import { signNote } from "../../../shared/seal/note.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { type Call, call, send } from "../http.io.js";
import { printable } from "../printable.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import { clientHeaders, currentSession, readSession, type Session, withSession } from "../session.io.js";
import { systemClock } from "../world.io.js";
import { type Household, openHousehold } from "./household.js";
import { checkLog, type LogCheck } from "./logcheck.io.js";
import { needProfile, type Profile, readSignedCharter, saveSeen } from "./profile.io.js";

/** Items of one list that are read; no cloud has so many. */
const listedMax = 100_000;

/** The cloud as a member's client sees it: logs in by itself, once a session. */
export interface Cloud {
  /** Where the profile is. */
  readonly folder: string;
  readonly profile: Profile;
  /** The answer's JSON. `undefined` when there is none. */
  call(wanted: Call): Promise<unknown>;
  /** Makes something, once: a key of its own lets the call be repeated when an answer got lost. */
  create(path: string, body?: object): Promise<unknown>;
  /** The answer's fields. */
  get(path: string): Promise<Fields>;
  /** All pages of a list. */
  list<T>(path: string, name: string, read: (item: Fields) => T): Promise<readonly T[]>;
  stream(wanted: Call): Promise<IncomingMessage>;
  /** Ends the session that is kept here, without opening another one for it. */
  end(session: string): Promise<void>;
  /** The household as its charters tell it, checked against what this client saw before. */
  household(): Promise<Household>;
}

export function openCloud(folder: string): Cloud {
  const profile = needProfile(folder);
  const server = { url: profile.cloudUrl, ca: profile.ca };
  const refreshPath = "/v1/session/refresh";
  const door = { folder, server, refreshPath, logIn: () => logIn(profile) };
  const cloud: Cloud = {
    folder,
    profile,
    call: (wanted) => withSession(door, (token) => call(server, { ...wanted, token })),
    async create(path, body) {
      const headers = { "idempotency-key": randomUUID() };
      return cloud.call({ method: "POST", path, headers, repeatable: true, ...(body && { body }) });
    },
    stream: (wanted) => withSession(door, (token) => send(server, { ...wanted, token })),
    async end(session) {
      const { token } = await currentSession(door);
      await call(server, { method: "DELETE", path: `/v1/sessions/${session}`, token });
    },
    get: async (path) => fieldsOf(await cloud.call({ method: "GET", path }), path),
    async list(path, name, read) {
      const all = [];
      for (let next: string | undefined = ""; next !== undefined; ) {
        const page = await cloud.get(next === "" ? path : `${path}?cursor=${encodeURIComponent(next)}`);
        const items = page.list(name, read);
        all.push(...items);
        next = page.maybeText("next");
        if (next !== undefined && items.length === 0) throw new UnexpectedAnswer(`${path} does not end`);
        if (all.length > listedMax) throw new UnexpectedAnswer(`${path} does not end`);
      }
      return all;
    },
    async household() {
      const shown = await shownHousehold(cloud);
      const checked = await checkLog(server, folder, shown);
      // Another owner may have been quicker than the two questions here: what the log knows must then be shown, too.
      const isAhead = checked !== "good" && checked.kind === "unshown-charter-logged";
      const { household } = isAhead ? await shownHousehold(cloud, checked.version) : shown;
      if (checked !== "good" && !isAhead) sayOfLog(checked);
      return household;
    },
  };
  return cloud;
}

interface Shown {
  readonly chain: readonly SignedCharter[];
  readonly household: Household;
}

/** What the cloud shows, if it contradicts nothing that was seen before; at least up to `version`, which the log has. */
async function shownHousehold({ get, folder }: Cloud, version = 0): Promise<Shown> {
  const answer = await get("/v1/household");
  const chain = answer.list("charters", readSignedCharter);
  const opened = openHousehold(chain, needProfile(folder).seen);
  if (!opened.ok) throw new Refused(sentenceOf(opened.error));
  const { newest } = opened.value;
  if (newest.version < version) throw new Refused(sentenceOf({ kind: "unshown-charter-logged", version }));
  saveSeen(folder, { version: newest.version, hash: newest.hash });
  return { chain, household: opened.value };
}

function sayOfLog(checked: Exclude<LogCheck, "good">): void {
  if (checked.kind !== "warned") throw new Refused(sentenceOf(checked));
  process.stderr.write(`${printable(checked.sentence)}\n`);
}

/** Registers version 1 of a household. The same again does no harm. */
export async function register({ cloudUrl, ca }: Profile, charter: SignedCharter): Promise<void> {
  const server = { url: cloudUrl, ca };
  await call(server, { method: "POST", path: "/v1/households", body: { charter }, repeatable: true });
}

type LoginFacts = Pick<Profile, "cloudUrl" | "ca" | "household" | "member" | "keys">;

export async function logIn(facts: LoginFacts): Promise<Session> {
  const server = { url: facts.cloudUrl, ca: facts.ca };
  const body = { note: await signedLogin(facts) };
  const answer = await call(server, { method: "POST", path: "/v1/login", headers: clientHeaders, body });
  return readSession(fieldsOf(answer, "/v1/login"));
}

/** The member's word that it is they who ask, now and of this cloud. */
export async function signedLogin({ cloudUrl, ca, household, member, keys }: LoginFacts): Promise<string> {
  const server = { url: cloudUrl, ca };
  const path = "/v1/login/challenge";
  const asked = await call(server, { method: "POST", path, body: { household, member }, repeatable: true });
  const nonce = fieldsOf(asked, path).text("nonce");
  if (!isHash(nonce)) throw new UnexpectedAnswer(`${path}: the nonce is not 32 bytes`);
  const audience = new URL(cloudUrl).origin;
  const text = formatLogin({ household, member, audience, nonce, at: systemClock.wall() });
  return signNote(text, [{ name: loginKeyName(member), secretKey: keys.loginSecret }]);
}
