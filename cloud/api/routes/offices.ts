import type { Clock } from "../../../shared/kernel/ports.js";
import { operatorOffice } from "../../../shared/release/officelogin.js";
import { clientName } from "../../household/client.js";
import type { Throttle } from "../../household/throttle.io.js";
import type { OfficeLogins } from "../../office/logins.io.js";
import type { Post } from "../../office/people.js";
import type { OfficeSessions } from "../../office/sessions.io.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import { challenge } from "../contract/household.js";
import * as contract from "../contract/offices.js";
import { agencyIdIn, officerIdIn } from "../ids.js";
import { forgetBrowser } from "../plugins/browser.js";
import { grantedToOffice, type OfficeDoors, officerOf, operatorOf, postOf } from "../plugins/office.js";
import type { RateLimit } from "../plugins/ratelimit.js";
import { demand, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";
import { refuseThrottled } from "./sessions.js";

export interface OfficeServices extends OfficeDoors {
  readonly officeLogins: OfficeLogins;
  readonly officeSessions: OfficeSessions;
  readonly throttle: Throttle;
  readonly clock: Clock;
  /** This cloud's own origins. */
  readonly audiences: () => readonly string[];
  readonly limit: RateLimit;
}

/** How officers and operators come in with their own keys; without a token. */
export function addOfficeSignIn(app: App, services: OfficeServices): void {
  const { officeLogins: logins, limit } = services;
  const offered = async (post: Post) => {
    const { nonce, expiresAt } = await logins.challenge(post);
    return { nonce, expiresAt: timeTextOf(expiresAt) };
  };
  const summary = "A nonce to sign; the same for people who do not exist";

  app.post(
    "/agency/v1/login/challenge",
    {
      config: limit,
      schema: {
        ...{ operationId: "challengeOfficer", summary, tags: ["agency"] },
        body: contract.officerChallengeBody,
        response: { 200: challenge },
      },
    },
    async ({ body }) => offered({ office: agencyIdIn(body.agency), person: officerIdIn(body.person) }),
  );

  app.post(
    "/operator/v1/login/challenge",
    {
      config: limit,
      schema: {
        ...{ operationId: "challengeOperator", summary, tags: ["operator"] },
        body: contract.operatorChallengeBody,
        response: { 200: challenge },
      },
    },
    async ({ body }) => offered({ office: operatorOffice, person: officerIdIn(body.person) }),
  );

  for (const side of ["agency", "operator"] as const) addSide(app, side, services);
}

function addSide(app: App, side: "agency" | "operator", services: OfficeServices): void {
  const { officeLogins, officeSessions, throttle, directory, clock, audiences, limit } = services;
  const who = side === "agency" ? "Officer" : "Operator";
  const ofThisSide = ({ office }: Post): boolean => (office === operatorOffice) === (side === "operator");

  app.post(
    `/${side}/v1/login`,
    {
      config: limit,
      schema: {
        operationId: `login${who}`,
        summary: "Opens a session for a signed login note",
        tags: [side],
        body: contract.officeLoginBody,
        response: { 200: contract.officeSignedIn },
      },
    },
    async ({ body, ip, headers }, reply) => {
      await refuseThrottled(throttle, { address: ip }, reply);
      const signed = await officeLogins.login(body.note, audiences());
      if (!signed.ok) {
        const { as } = signed.error;
        await throttle.failed(as === undefined ? [{ address: ip }] : [{ address: ip }, as]);
        if (as !== undefined) await refuseThrottled(throttle, as, reply);
      }
      const post = demand(signed);
      if (!ofThisSide(post)) throw new Problem("office-login-refused");
      const session = await officeSessions.open(post, {
        how: "key",
        client: clientName(headers["user-agent"] ?? ""),
      });
      return grantedToOffice(app, clock.wall(), session);
    },
  );

  app.post(
    `/${side}/v1/session/refresh`,
    {
      config: limit,
      schema: {
        operationId: `renew${who}Session`,
        summary: "Another token for an open session; a refresh token that was used before ends the session",
        tags: [side],
        body: contract.officeRefreshBody,
        response: { 200: contract.officeSignedIn },
      },
    },
    async ({ body }) => {
      const session = await officeSessions.renew(body.refresh);
      const person = session && (await directory.find(session));
      // What renews a browser's session is in its cookie: whoever has it elsewhere has copied it.
      if (session === undefined || person === undefined || !ofThisSide(session) || session.how !== "key")
        throw new Problem("session-over");
      return grantedToOffice(app, clock.wall(), session);
    },
  );
}

/** What an officer sees and ends of their own session. */
export function addOfficer(officers: App, { officeSessions }: OfficeServices): void {
  officers.get(
    "/agency/v1/me",
    {
      schema: {
        operationId: "readOfficer",
        summary: "Who is signed in, as the agency's agreement in force has them",
        tags: ["agency"],
        response: { 200: contract.officerMe },
      },
    },
    async (request) => {
      const { id, name, office, role } = officerOf(request);
      return { id, name, agency: office, role: role === "supervisor" ? "supervisor" : "officer" } as const;
    },
  );
  addSessionEnds(officers, "agency", officerOf, officeSessions);
}

export function addOperator(operators: App, { officeSessions }: OfficeServices): void {
  operators.get(
    "/operator/v1/me",
    {
      schema: {
        operationId: "readOperator",
        summary: "Who is signed in, as the operators' file has them",
        tags: ["operator"],
        response: { 200: contract.operatorMe },
      },
    },
    async (request) => {
      const { id, name } = operatorOf(request);
      return { id, name };
    },
  );
  addSessionEnds(operators, "operator", operatorOf, officeSessions);
}

function addSessionEnds(
  app: App,
  side: "agency" | "operator",
  callerOf: typeof officerOf,
  officeSessions: OfficeSessions,
): void {
  const who = side === "agency" ? "Officer" : "Operator";
  app.delete(
    `/${side}/v1/session`,
    {
      schema: {
        operationId: `end${who}Session`,
        summary: "Ends the session that asks",
        tags: [side],
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await officeSessions.end(callerOf(request).session);
      forgetBrowser(reply, side);
      return reply.code(204).send(null);
    },
  );
  app.delete(
    `/${side}/v1/sessions`,
    {
      schema: {
        operationId: `end${who}Sessions`,
        summary: "Ends every session of the person who asks, this one too",
        tags: [side],
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await officeSessions.endAll(postOf(callerOf(request)));
      forgetBrowser(reply, side);
      return reply.code(204).send(null);
    },
  );
}
