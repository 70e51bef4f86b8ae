import type { Clock } from "../../../shared/kernel/ports.js";
import type { CharterWriter } from "../../household/charters.io.js";
import { clientName } from "../../household/client.js";
import type { Logins } from "../../household/logins.io.js";
import type { Who } from "../../household/person.js";
import type { Granted, Sessions, SignInMethod } from "../../household/sessions.io.js";
import type { Culprit, Throttle } from "../../household/throttle.io.js";
import type { App } from "../app.js";
import { listQuery, nothing } from "../contract/common.js";
import { challenge, challengeBody } from "../contract/household.js";
import * as contract from "../contract/sessions.js";
import type { Hub } from "../hub.js";
import { householdIdIn, memberIdIn } from "../ids.js";
import { endWithMembership } from "../membership.js";
import { newestFirst } from "../page.js";
import type { RateLimit } from "../plugins/ratelimit.js";
import { granted, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";

export interface SignInServices {
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly throttle: Throttle;
  readonly hub: Hub;
  readonly clock: Clock;
  /** This cloud's own origins. */
  readonly audiences: () => readonly string[];
  readonly limit: RateLimit;
}

/** How a member comes in with their own key; without a token. */
export function addSignIn(app: App, services: SignInServices): void {
  const { logins, sessions, throttle, clock, audiences, limit } = services;
  app.post(
    "/v1/login/challenge",
    {
      config: limit,
      schema: {
        operationId: "challengeLogin",
        summary: "A nonce for a member to sign; the same for members that do not exist",
        tags: ["login"],
        body: challengeBody,
        response: { 200: challenge },
      },
    },
    async ({ body }) => {
      const { household, member } = body;
      const { nonce, expiresAt } = await logins.challenge(householdIdIn(household), memberIdIn(member));
      return { nonce, expiresAt: timeTextOf(expiresAt) };
    },
  );

  app.post(
    "/v1/login",
    {
      config: limit,
      schema: {
        operationId: "login",
        summary: "Opens a session for a signed login note",
        tags: ["login"],
        body: contract.loginBody,
        response: { 200: contract.signedIn },
      },
    },
    async ({ body, ip, headers }, reply) => {
      await refuseThrottled(throttle, { address: ip }, reply);
      const signed = await logins.login(body.note, audiences());
      if (!signed.ok) {
        const { as } = signed.error;
        await throttle.failed(as === undefined ? [{ address: ip }] : [{ address: ip }, as]);
        // Only what does not hold is held up: nobody locks a member out by failing in their name.
        if (as !== undefined) await refuseThrottled(throttle, as, reply);
      }
      const session = await opened(services, demand(signed), "key", headers["user-agent"]);
      return granted(app, clock.wall(), session);
    },
  );

  app.post(
    "/v1/session/refresh",
    {
      config: limit,
      schema: {
        operationId: "renewSession",
        summary: "Another token for an open session; a refresh token that was used before ends the session",
        tags: ["login"],
        body: contract.refreshBody,
        response: { 200: contract.signedIn },
      },
    },
    async ({ body }) => {
      const session = await sessions.renew(body.refresh);
      if (session === undefined) throw new Problem("session-over");
      return granted(app, clock.wall(), session);
    },
  );
}

interface Headers {
  header(name: string, value: number): unknown;
}

/** Refuses the culprit of too many failed attempts. */
export async function refuseThrottled(throttle: Throttle, culprit: Culprit, reply: Headers): Promise<void> {
  const seconds = await throttle.wait(culprit);
  if (seconds === undefined) return;
  reply.header("retry-after", seconds);
  throw new Problem("too-many-attempts");
}

/** Opens the session and tells the member's other clients and the owners. */
export async function opened(
  { sessions, hub, clock }: Pick<SignInServices, "sessions" | "hub" | "clock">,
  { household, member }: Who,
  how: SignInMethod,
  userAgent = "",
): Promise<Granted> {
  const client = clientName(userAgent);
  const session = await sessions.open({ household, member }, { how, client });
  const data = { session: session.id, how, client, at: timeTextOf(clock.wall()) };
  hub.publish({ household, member, kind: "session.started", data });
  return session;
}

/** What a member does with their own sessions. */
export function addSessions(
  members: App,
  { sessions, charters }: SignInServices & { charters: CharterWriter },
): void {
  endWithMembership(charters, sessions);

  members.get(
    "/v1/sessions",
    {
      schema: {
        operationId: "listSessions",
        summary: "The member's own open sessions, newest first",
        tags: ["login"],
        querystring: listQuery,
        response: { 200: contract.sessionList },
      },
    },
    async (request) => {
      const caller = sessionOf(request);
      const open = (await sessions.list(caller)).map(({ madeAt, usedAt, expiresAt, ...session }) => ({
        ...session,
        madeAt: timeTextOf(madeAt),
        usedAt: timeTextOf(usedAt),
        expiresAt: timeTextOf(expiresAt),
        current: session.id === caller.session,
      }));
      const { items, rest } = newestFirst(open, request.query);
      return { sessions: items, ...rest };
    },
  );

  members.delete(
    "/v1/sessions/:session",
    {
      schema: {
        operationId: "endSession",
        summary: "Ends one of the member's own sessions at once, with its live streams",
        tags: ["login"],
        params: contract.sessionParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const ended = await sessions.end(sessionOf(request), request.params.session);
      found(ended ? true : undefined);
      return reply.code(204).send(null);
    },
  );

  members.delete(
    "/v1/sessions",
    {
      schema: {
        operationId: "endSessions",
        summary: "Ends all of the member's own sessions at once, this one too",
        tags: ["login"],
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await sessions.endAll(sessionOf(request));
      return reply.code(204).send(null);
    },
  );
}
