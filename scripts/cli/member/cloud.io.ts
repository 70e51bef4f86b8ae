import type { IncomingMessage } from "node:http";
import type { SignedCharter } from "../../../shared/charter/charter.js";
import { formatLogin, loginKeyName } from "../../../shared/charter/login.js";
import { isHash } from "../../../shared/seal/hash.js";
import { signNote } from "../../../shared/seal/note.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { type Call, call, Problem, send } from "../http.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import { systemClock } from "../world.io.js";
import { type Household, openHousehold } from "./household.js";
import {
  forgetSession,
  isToken,
  loadSession,
  needProfile,
  type Profile,
  readSignedCharter,
  type Session,
  saveSeen,
  saveSession,
} from "./profile.io.js";

/** Time before its end at which a session counts as over. */
const sessionMarginMillis = 30_000;

/** The cloud as a member's client sees it: logs in by itself, once a session. */
export interface Cloud {
  /** Where the profile is. */
  readonly folder: string;
  readonly profile: Profile;
  /** The answer's JSON. `undefined` when there is none. */
  call(wanted: Call): Promise<unknown>;
  /** The answer's fields. */
  get(path: string): Promise<Fields>;
  stream(wanted: Call): Promise<IncomingMessage>;
  /** The household as its charters tell it, checked against what this client saw before. */
  household(): Promise<Household>;
}

export function openCloud(folder: string): Cloud {
  const profile = needProfile(folder);
  const server = { url: profile.cloudUrl, ca: profile.ca };
  const withSession = async <T>(use: (token: string) => Promise<T>): Promise<T> => {
    const kept = loadSession(folder);
    if (kept !== undefined && isFresh(kept)) {
      try {
        return await use(kept.token);
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 401) throw error;
        forgetSession(folder); // the cloud changed its keys, or our clock was set
      }
    }
    const session = await logIn(profile);
    saveSession(folder, session);
    return use(session.token);
  };
  const cloud: Cloud = {
    folder,
    profile,
    call: (wanted) => withSession((token) => call(server, { ...wanted, token })),
    stream: (wanted) => withSession((token) => send(server, { ...wanted, token })),
    get: async (path) => fieldsOf(await cloud.call({ method: "GET", path }), path),
    async household() {
      const answer = await cloud.get("/v1/household");
      const chain = answer.list("charters", readSignedCharter);
      const opened = openHousehold(chain, needProfile(folder).seen);
      if (!opened.ok) throw new Refused(sentenceOf(opened.error));
      saveSeen(folder, { version: opened.value.newest.version, hash: opened.value.newest.hash });
      return opened.value;
    },
  };
  return cloud;
}

/** Registers version 1 of a household. The same again does no harm. */
export async function register({ cloudUrl, ca }: Profile, charter: SignedCharter): Promise<void> {
  const server = { url: cloudUrl, ca };
  await call(server, { method: "POST", path: "/v1/households", body: { charter }, repeatable: true });
}

type LoginFacts = Pick<Profile, "cloudUrl" | "ca" | "household" | "member" | "keys">;

export async function logIn({ cloudUrl, ca, household, member, keys }: LoginFacts): Promise<Session> {
  const server = { url: cloudUrl, ca };
  const path = "/v1/login/challenge";
  const asked = await call(server, { method: "POST", path, body: { household, member }, repeatable: true });
  const nonce = fieldsOf(asked, path).text("nonce");
  if (!isHash(nonce)) throw new UnexpectedAnswer(`${path}: the nonce is not 32 bytes`);
  const audience = new URL(cloudUrl).origin;
  const text = formatLogin({ household, member, audience, nonce, at: systemClock.wall() });
  const note = signNote(text, [{ name: loginKeyName(member), secretKey: keys.loginSecret }]);
  const session = fieldsOf(
    await call(server, { method: "POST", path: "/v1/login", body: { note } }),
    "/v1/login",
  );
  const token = session.text("token");
  if (!isToken(token)) throw new UnexpectedAnswer("/v1/login gave no token");
  return { token, expiresAt: session.text("expiresAt") };
}

function isFresh({ expiresAt }: Session): boolean {
  return Date.parse(expiresAt) - sessionMarginMillis > systemClock.wall();
}
