import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../../shared/kernel/ports.js";
import type { Granted, Sessions } from "../../household/sessions.io.js";
import { Problem } from "../problems.js";
import { granted } from "./session.js";

/** Renews a browser's session. Sent to this host only, over TLS only (or within this machine), never with another site's request. */
const cookieName = "__Host-lintel";
const flags = "Path=/; Secure; HttpOnly; SameSite=Strict";

/**
 * For the route option `preHandler`, on what a page asks without a token: browsers say whose page asks (Fetch §3.2), and only
 * the cloud's own may. SameSite does not keep out a neighbour under the same registrable name.
 */
export function ownPagesOnly(origins: () => readonly string[]): (request: FastifyRequest) => Promise<void> {
  return async ({ headers }) => {
    const site = headers["sec-fetch-site"] ?? "same-origin";
    const ours = origins().includes(headers.origin ?? "");
    if (!ours || site !== "same-origin") throw new Problem("other-origin");
  };
}

/** The token that the browser renews its session with. */
export function refreshOf({ headers }: FastifyRequest): string | undefined {
  const { cookie = "" } = headers;
  return new RegExp(`(?:^|; ?)${cookieName}=(lintel_rt_[a-z2-7]{52})(?:;|$)`).exec(cookie)?.[1];
}

interface BrowserServices {
  readonly sessions: Pick<Sessions, "behind">;
  readonly clock: Clock;
}

/** What a page gets that has signed in or renewed its session; the rest goes into the cookie. */
export async function grantedToBrowser(
  app: FastifyInstance,
  { sessions, clock }: BrowserServices,
  session: Granted,
  reply: FastifyReply,
) {
  const now = clock.wall();
  const member = await sessions.behind(session.id, session);
  if (member === undefined) throw new Problem("session-over");
  const seconds = Math.floor((session.expiresAt - now) / 1_000);
  reply.header("set-cookie", `${cookieName}=${session.refresh}; Max-Age=${seconds}; ${flags}`);
  const { refresh: _inTheCookie, ...rest } = granted(app, now, session);
  const { household, name, role } = member;
  return { ...rest, household, member: member.member, name, role };
}

export function forgetBrowser(reply: FastifyReply): void {
  reply.header("set-cookie", `${cookieName}=; Max-Age=0; ${flags}`);
}
