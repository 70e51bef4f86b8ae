import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Millis } from "../../../shared/kernel/brand.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import type { Granted, Sessions } from "../../household/sessions.io.js";
import { Problem } from "../problems.js";
import { granted } from "./session.js";

/**
 * What renews a browser's session, for each side its own: one person may stand on two. Sent to this host only, over TLS only (or
 * within this machine), never with another site's request.
 */
const cookies = {
  member: { name: "__Host-lintel", refresh: "lintel_rt_[a-z2-7]{52}" },
  agency: { name: "__Host-lintel-agency", refresh: "lintel_ot_[a-z2-7]{68}" },
  operator: { name: "__Host-lintel-operator", refresh: "lintel_ot_[a-z2-7]{68}" },
} as const;
type Side = keyof typeof cookies;
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
export function refreshOf({ headers }: FastifyRequest, side: Side = "member"): string | undefined {
  const { name, refresh } = cookies[side];
  return new RegExp(`(?:^|; ?)${name}=(${refresh})(?:;|$)`).exec(headers.cookie ?? "")?.[1];
}

interface Renewable {
  readonly refresh: string;
  readonly expiresAt: number;
}

/** Puts what renews the session into the browser's cookie. */
export function keepInBrowser(
  reply: FastifyReply,
  now: Millis,
  { refresh, expiresAt }: Renewable,
  side: Side = "member",
): void {
  const seconds = Math.floor((expiresAt - now) / 1_000);
  reply.header("set-cookie", `${cookies[side].name}=${refresh}; Max-Age=${seconds}; ${flags}`);
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
  keepInBrowser(reply, now, session);
  const { refresh: _inTheCookie, ...rest } = granted(app, now, session);
  const { household, name, role } = member;
  return { ...rest, household, member: member.member, name, role };
}

export function forgetBrowser(reply: FastifyReply, side: Side = "member"): void {
  reply.header("set-cookie", `${cookies[side].name}=; Max-Age=0; ${flags}`);
}
