import jwt from "@fastify/jwt";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { assert } from "../../../shared/kernel/assert.js";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { isHouseholdId, isMemberId } from "../../../shared/kernel/ids.js";
import type { Session } from "../../household/logins.io.js";
import type { Who } from "../../household/person.js";
import { mayManage } from "../../household/rights.js";
import type { Scope } from "../../household/scopes.js";
import type { SessionKey } from "../../household/sessionkey.io.js";
import type { Granted, Sessions } from "../../household/sessions.io.js";
import { type AccessTokens, tokenPrefix } from "../../household/tokens.io.js";
import { Problem } from "../problems.js";
import { scopeOf } from "../scopes.js";
import { timeTextOf } from "../time.js";

/** An officer's or operator's token has another audience, and opens nothing here. */
const audience = "member";
/** A member's token counts for this long; session and charter are asked again at each request all the same. */
export const tokenSeconds = 15 * 60;

/** What stands in a token. */
interface Claims extends Who {
  readonly session: string;
}

/** What stands in an officer's or operator's token; who they are is looked up at each request. */
export interface OfficeClaims {
  readonly officeSession: string;
}

/** The member who asks, and through what. */
export interface Caller extends Session {
  /** The id of the session or personal access token. */
  readonly session: string;
  /** What a personal access token is good for; absent for a session, which is good for everything. */
  readonly scopes?: readonly Scope[];
  /** What a session was opened with. */
  readonly how?: string;
  /** When what they showed ends. */
  readonly until: Millis;
}

export interface Doors {
  readonly sessions: Sessions;
  readonly tokens: AccessTokens;
}

declare module "@fastify/jwt" {
  interface FastifyJWT {
    payload: Claims | OfficeClaims;
    user: (Claims | OfficeClaims) & { readonly exp: number };
  }
}
declare module "fastify" {
  interface FastifyRequest {
    session: Caller | undefined;
  }
}

export async function addTokens(app: FastifyInstance, key: SessionKey): Promise<void> {
  await app.register(jwt, {
    secret: { private: key.privatePem, public: key.publicPem },
    sign: { algorithm: "EdDSA", expiresIn: tokenSeconds, aud: audience },
    verify: { algorithms: ["EdDSA"], allowedAud: audience },
  });
  app.decorateRequest("session", undefined);
}

/** What a client gets that has signed in or renewed its session. */
export function granted(app: FastifyInstance, now: Millis, { household, member, id, refresh }: Granted) {
  const token = app.jwt.sign({ household, member, session: id });
  return { token, expiresAt: timeTextOf(now + tokenSeconds * 1_000), session: id, refresh };
}

/** Guards every route registered on `members` from here on: before the body is read, a token and a member behind it. */
export function membersOnly(members: FastifyInstance, { sessions, tokens }: Doors): void {
  members.addHook("onRequest", async (request) => {
    request.session = await callerBehind(request, { sessions, tokens });
  });
}

/** For the route option `onRequest`: owners only. */
export async function ownersOnly(request: FastifyRequest): Promise<void> {
  if (!mayManage(sessionOf(request).role)) throw new Problem("owners-only");
}

/** For the route option `onRequest`: owners, and the contacts who may answer for them. */
export async function ownersOrContacts(request: FastifyRequest): Promise<void> {
  const { role } = sessionOf(request);
  if (role !== "contact" && !mayManage(role)) throw new Problem("owners-only");
}

/** For the route option `onRequest`: contacts only, and among them what owners do not see either. */
export async function contactsOnly(request: FastifyRequest): Promise<void> {
  if (sessionOf(request).role !== "contact") throw new Problem("contacts-only");
}

/** For the route option `onRequest`: what lets somebody in later takes the member's own key, so that no stolen session outlives itself. */
export async function keySessionsOnly(request: FastifyRequest): Promise<void> {
  if (sessionOf(request).how !== "key") throw new Problem("key-session-only");
}

/** The member who asks; only on routes under `membersOnly`. */
export function sessionOf({ session }: FastifyRequest): Caller {
  assert(session !== undefined, "a member's route is not guarded");
  return session;
}

/** The member behind what is shown, as of now; `undefined` when it is over. */
export async function stillThere(
  { sessions, tokens }: Doors,
  { session, household, member, scopes }: Caller,
): Promise<Session | undefined> {
  return scopes === undefined ? sessions.behind(session, { household, member }) : tokens.again(session);
}

async function callerBehind(request: FastifyRequest, doors: Doors): Promise<Caller> {
  const { authorization = "" } = request.headers;
  const caller = authorization.startsWith(`Bearer ${tokenPrefix}`)
    ? await tokenBehind(authorization.slice("Bearer ".length), doors.tokens)
    : await sessionBehind(request, doors.sessions);
  if (caller === undefined) throw new Problem("not-logged-in");
  const { scopes } = caller;
  const needed = scopeOf(request.method, request.routeOptions.url);
  if (scopes !== undefined && (needed === undefined || !scopes.includes(needed)))
    throw new Problem("scope-missing");
  return caller;
}

async function tokenBehind(secret: string, tokens: AccessTokens): Promise<Caller | undefined> {
  const bearer = await tokens.behind(secret);
  if (bearer === undefined) return undefined;
  const { id: session, scopes, expiresAt: until, ...who } = bearer;
  return { ...who, session, scopes, until };
}

/** The token says who; that the session is open and what the newest charter says of the member is looked up. */
async function sessionBehind(request: FastifyRequest, sessions: Sessions): Promise<Caller | undefined> {
  const claims = await request.jwtVerify<Claims & { exp: number }>().catch(() => undefined);
  if (claims === undefined || !isHouseholdId(claims.household) || !isMemberId(claims.member))
    return undefined;
  const { session, exp } = claims;
  const member = typeof session === "string" ? await sessions.behind(session, claims) : undefined;
  return member && { ...member, session, until: millis(exp * 1_000) };
}
