import jwt from "@fastify/jwt";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { assert } from "../../../shared/kernel/assert.js";
import { isHouseholdId, isMemberId } from "../../../shared/kernel/ids.js";
import type { Logins, Session } from "../../household/logins.io.js";
import { mayManage } from "../../household/rights.js";
import type { SessionKey } from "../../household/sessionkey.io.js";
import { Problem } from "../problems.js";

/** A member's token counts for this long; the charter is asked again at each request all the same. */
export const tokenSeconds = 15 * 60;

declare module "@fastify/jwt" {
  interface FastifyJWT {
    payload: Session;
    user: Session & { readonly exp: number };
  }
}
declare module "fastify" {
  interface FastifyRequest {
    session: Session | undefined;
  }
}

export async function addTokens(app: FastifyInstance, key: SessionKey): Promise<void> {
  await app.register(jwt, {
    secret: { private: key.privatePem, public: key.publicPem },
    sign: { algorithm: "EdDSA", expiresIn: tokenSeconds },
    verify: { algorithms: ["EdDSA"] },
  });
  app.decorateRequest("session", undefined);
}

/** Guards every route registered on `members` from here on: before the body is read, a token and a member behind it. */
export function membersOnly(members: FastifyInstance, logins: Logins): void {
  members.addHook("onRequest", async (request) => {
    request.session = await sessionBehind(request, logins);
  });
}

/** For the route option `onRequest`: owners only. */
export async function ownersOnly(request: FastifyRequest): Promise<void> {
  if (!mayManage(sessionOf(request).role)) throw new Problem("owners-only");
}

/** The member who asks; only on routes under `membersOnly`. */
export function sessionOf({ session }: FastifyRequest): Session {
  assert(session !== undefined, "a member's route is not guarded");
  return session;
}

/** The token says who; the newest charter says whether they still are, and in which role. */
async function sessionBehind(request: FastifyRequest, logins: Logins): Promise<Session> {
  const token = await request.jwtVerify<Session>().catch(() => undefined);
  if (token === undefined || !isHouseholdId(token.household) || !isMemberId(token.member))
    throw new Problem("not-logged-in");
  const session = await logins.session(token.household, token.member);
  if (session === undefined) throw new Problem("not-logged-in");
  return session;
}
