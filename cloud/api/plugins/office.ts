import type { FastifyInstance, FastifyRequest } from "fastify";
import { assert } from "../../../shared/kernel/assert.js";
import type { Millis } from "../../../shared/kernel/brand.js";
import { type Office, operatorOffice } from "../../../shared/release/officelogin.js";
import type { SignInMethod } from "../../household/sessions.io.js";
import type { Directory, OfficePerson, OfficeRole, Post } from "../../office/people.js";
import type { OfficeGrant, OfficeSessions } from "../../office/sessions.io.js";
import { mayInBrowser } from "../browseracts.js";
import { Problem } from "../problems.js";
import { timeTextOf } from "../time.js";
import { type OfficeClaims, tokenSeconds } from "./session.js";

/** No token of a member has this audience, and none with it opens anything of a member's. */
const officeAudience = "office";

/** The officer or operator who asks, by the agreement or the operators' file in force now. */
export interface OfficeCaller extends OfficePerson {
  readonly office: Office;
  readonly session: string;
  /** What the session was opened with. */
  readonly how: SignInMethod;
}

export interface OfficeDoors {
  readonly officeSessions: OfficeSessions;
  readonly directory: Directory;
}

declare module "fastify" {
  interface FastifyRequest {
    officeCaller: OfficeCaller | undefined;
  }
}

/** Once, before the routes below. */
export function addOffices(app: FastifyInstance): void {
  app.decorateRequest("officeCaller", undefined);
}

/** What a client gets that has signed in or renewed its session. */
export function grantedToOffice(app: FastifyInstance, now: Millis, { id, refresh }: OfficeGrant) {
  const token = app.jwt.sign({ officeSession: id }, { aud: officeAudience });
  return { token, expiresAt: timeTextOf(now + tokenSeconds * 1_000), session: id, refresh };
}

/** Guards every route registered on `officers` from here on: somebody whom an agency's agreement in force names. */
export function officersOnly(officers: FastifyInstance, doors: OfficeDoors): void {
  guard(officers, doors, ["officer", "supervisor"]);
}

/** As `officersOnly`: somebody whom the operators' file names. */
export function operatorsOnly(operators: FastifyInstance, doors: OfficeDoors): void {
  guard(operators, doors, ["operator"]);
}

/** Whose sessions and ways in they are. */
export const postOf = ({ office, id }: OfficeCaller): Post => ({ office, person: id });

/** For what takes the person's own key: no session that a browser opened gets further. */
export function demandOwnKey({ how }: OfficeCaller): void {
  if (how !== "key") throw new Problem("own-key-only");
}

/** For the route option `onRequest`, below the guard: what lets somebody in later takes their own key. */
export async function ownKeyOnly({ officeCaller }: FastifyRequest): Promise<void> {
  assert(officeCaller !== undefined, "an office's route is not guarded");
  demandOwnKey(officeCaller);
}

/** The officer who asks; only on routes under `officersOnly`. */
export function officerOf(request: FastifyRequest): OfficeCaller {
  const { officeCaller } = request;
  assert(
    officeCaller !== undefined && officeCaller.office !== operatorOffice,
    "an officer's route is not guarded",
  );
  return officeCaller;
}

/** The operator who asks; only on routes under `operatorsOnly`. */
export function operatorOf(request: FastifyRequest): OfficeCaller {
  const { officeCaller } = request;
  assert(officeCaller?.office === operatorOffice, "an operator's route is not guarded");
  return officeCaller;
}

function guard(app: FastifyInstance, doors: OfficeDoors, roles: readonly OfficeRole[]): void {
  app.addHook("onRequest", async (request) => {
    const caller = await callerBehind(request, doors);
    if (caller === undefined || !roles.includes(caller.role)) throw new Problem("not-logged-in");
    if (!mayInBrowser(request.method, request.routeOptions.url)) demandOwnKey(caller);
    request.officeCaller = caller;
  });
}

async function callerBehind(
  request: FastifyRequest,
  { officeSessions, directory }: OfficeDoors,
): Promise<OfficeCaller | undefined> {
  const wanted = { allowedAud: officeAudience };
  const claims = await request.jwtVerify<Partial<OfficeClaims>>(wanted).catch(() => undefined);
  const id = claims?.officeSession;
  const session = id === undefined ? undefined : await officeSessions.behind(id);
  const person = session && (await directory.find(session));
  return person && { ...person, office: session.office, session: session.id, how: session.how };
}
