import type { IncomingMessage } from "node:http";
import { publicOfficeKeys } from "../../../shared/release/officekeys.js";
import {
  formatOfficeLogin,
  officeLoginKeyName,
  operatorOffice,
} from "../../../shared/release/officelogin.js";
import { isHash } from "../../../shared/seal/hash.js";
import { signNote } from "../../../shared/seal/note.js";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { type Call, call, send } from "../http.io.js";
import { Refused } from "../refused.js";
import {
  clientHeaders,
  type Door,
  forgetSession,
  readSession,
  type Session,
  withSession,
} from "../session.io.js";
import { takingPart } from "../takingpart.js";
import { systemClock } from "../world.io.js";
import { needOfficeProfile, type OfficeProfile, type Side, type Workplace } from "./profile.io.js";

/** The cloud as an officer's or operator's client sees it: logs in by itself, once a session. */
export interface OfficeCloud {
  readonly profile: OfficeProfile;
  /** The answer's JSON. `undefined` when there is none. */
  call(wanted: Call): Promise<unknown>;
  /** The answer as it comes. */
  stream(wanted: Call): Promise<IncomingMessage>;
  /** The answer's fields. */
  get(path: string): Promise<Fields>;
  /** Ends the session that is kept here, or all of the person's. */
  end(which: "session" | "sessions"): Promise<void>;
}

export function openOfficeCloud(folder: string, side: Side): OfficeCloud {
  const profile = needOfficeProfile(folder, side);
  const { workplace } = profile;
  if (workplace === undefined)
    throw new Refused(`You have not signed in to a cloud yet. Run: lintel ${side} login --cloud URL`);
  const { cloudUrl: url, ca } = workplace;
  const door: Door = {
    folder,
    server: { url, ca },
    refreshPath: `/${side}/v1/session/refresh`,
    logIn: () => officeLogIn(profile, workplace),
  };
  const cloud: OfficeCloud = {
    profile,
    call: (wanted) => withSession(door, (token) => call(door.server, { ...wanted, token })),
    stream: (wanted) => withSession(door, (token) => send(door.server, { ...wanted, token })),
    get: async (path) => fieldsOf(await cloud.call({ method: "GET", path }), path),
    async end(which) {
      await cloud.call({ method: "DELETE", path: `/${side}/v1/${which}` });
      forgetSession(folder);
    },
  };
  return cloud;
}

export async function officeLogIn(profile: OfficeProfile, workplace: Workplace): Promise<Session> {
  const { side, keys } = profile;
  const { cloudUrl, ca, office } = workplace;
  const server = { url: cloudUrl, ca };
  const person = publicOfficeKeys(keys).id;
  const whom = { person, ...(office === operatorOffice ? {} : { agency: office }) };
  const path = `/${side}/v1/login/challenge`;
  const asked = await takingPart(call(server, { method: "POST", path, body: whom, repeatable: true }));
  const nonce = fieldsOf(asked, path).text("nonce");
  if (!isHash(nonce)) throw new UnexpectedAnswer(`${path}: the nonce is not 32 bytes`);
  const audience = new URL(cloudUrl).origin;
  const text = formatOfficeLogin({ office, person, audience, nonce, at: systemClock.wall() });
  const note = signNote(text, [{ name: officeLoginKeyName(person), secretKey: keys.loginSecret }]);
  const wanted = { path: `/${side}/v1/login`, headers: clientHeaders, body: { note } };
  return readSession(fieldsOf(await call(server, { method: "POST", ...wanted }), wanted.path));
}
