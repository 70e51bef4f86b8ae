import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { FastifyReply } from "fastify";
import type { Static } from "typebox";
import type { CharterWriter } from "../../household/charters.io.js";
import type { Passkey, Passkeys, Site } from "../../household/passkeys.io.js";
import type { Passphrases } from "../../household/passphrases.io.js";
import { isMember, type Kind, type Person } from "../../household/person.js";
import type { Throttle } from "../../household/throttle.io.js";
import type { App } from "../app.js";
import { listQuery, nothing } from "../contract/common.js";
import * as contract from "../contract/passkeys.js";
import { endWithMembership } from "../membership.js";
import { newestFirst } from "../page.js";
import { forgetBrowser, grantedToBrowser, ownPagesOnly, refreshOf } from "../plugins/browser.js";
import { keySessionsOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";
import { opened, refuseThrottled, type SignInServices } from "./sessions.js";

export interface PasskeyServices extends SignInServices {
  readonly passkeys: Passkeys;
  readonly passphrases: Passphrases;
  readonly charters: CharterWriter;
}

const tags = ["login"];

/** How a member comes in from a browser; without a token. */
export function addBrowserSignIn(app: App, services: PasskeyServices): void {
  const { sessions, audiences, limit } = services;
  const shared = { config: limit, preHandler: ownPagesOnly(audiences) };
  app.post(
    "/v1/login/passkey/challenge",
    {
      ...shared,
      schema: {
        operationId: "challengePasskey",
        summary: "What a browser needs to sign in with a passkey; the same for everybody",
        tags,
        response: { 200: contract.request },
      },
    },
    async () => askedOf(services),
  );

  app.post(
    "/v1/login/passkey",
    {
      ...shared,
      schema: {
        operationId: "loginWithPasskey",
        summary: "Opens a session in a browser; what renews it goes into a cookie that no script reads",
        tags,
        body: contract.signInBody,
        response: { 200: contract.signedInBrowser },
      },
    },
    async ({ body, ip, headers }, reply) => {
      const who = await signedByPasskey(services, { response: body.response, ip, kind: isMember }, reply);
      const session = await opened(services, who, "passkey", headers["user-agent"]);
      return grantedToBrowser(app, services, session, reply);
    },
  );

  app.post(
    "/v1/session/browser",
    {
      ...shared,
      schema: {
        operationId: "renewBrowserSession",
        summary: "Another token for the browser's open session; a cookie that comes a second time ends it",
        tags,
        response: { 200: contract.signedInBrowser },
      },
    },
    async (request, reply) => {
      const refresh = refreshOf(request);
      const session = refresh === undefined ? undefined : await sessions.renew(refresh);
      if (session !== undefined) return grantedToBrowser(app, services, session, reply);
      forgetBrowser(reply);
      throw new Problem(refresh === undefined ? "not-logged-in" : "session-over");
    },
  );
  addRegistration(app, services);
}

export interface PasskeyWays {
  readonly passkeys: Passkeys;
  readonly passphrases: Passphrases;
  readonly throttle: Throttle;
  readonly audiences: () => readonly string[];
}

/** What a browser needs to sign in with a passkey; the same for everybody, on every side. */
export async function askedOf({ passkeys, audiences }: Pick<PasskeyWays, "passkeys" | "audiences">) {
  return { options: { ...(await passkeys.request(siteOf(audiences()))) } };
}

interface Answered<P extends Person> {
  readonly response: Static<typeof contract.signInBody>["response"];
  readonly ip: string;
  readonly kind: Kind<P>;
}

/** Who signs in, as somebody of this kind; whatever does not hold is counted, and gets one answer. */
export async function signedByPasskey<P extends Person>(
  { passkeys, throttle, audiences }: PasskeyWays,
  { response, ip, kind }: Answered<P>,
  reply: FastifyReply,
): Promise<P> {
  await refuseThrottled(throttle, { address: ip }, reply);
  // Whatever else a browser put into it is the library's to refuse.
  const said = response as AuthenticationResponseJSON;
  const signed = await passkeys.signIn(said, { site: siteOf(audiences()), kind });
  if (!signed.ok) {
    const { as } = signed.error;
    await throttle.failed(as === undefined ? [{ address: ip }] : [{ address: ip }, as]);
    if (as !== undefined) await refuseThrottled(throttle, as, reply);
  }
  return demand(signed);
}

/** What a browser needs to make the passkey of a link. */
export async function creationOf(
  { passkeys, audiences }: Pick<PasskeyWays, "passkeys" | "audiences">,
  link: string,
  kind: Kind<Person>,
) {
  const creation = await passkeys.creation(link, siteOf(audiences()), kind);
  if (creation === undefined) throw new Problem("no-such-link");
  return { ...creation, options: { ...creation.options } };
}

/** What the link does that the command line shows. */
function addRegistration(app: App, { passkeys, audiences, limit, hub, clock }: PasskeyServices): void {
  const shared = { config: limit, preHandler: ownPagesOnly(audiences) };
  app.post(
    "/v1/login/passkey-link/challenge",
    {
      ...shared,
      schema: {
        operationId: "challengeNewPasskey",
        summary: "What a browser needs to make the passkey of a link",
        tags,
        body: contract.linkAsk,
        response: { 200: contract.creation },
      },
    },
    async ({ body }) => creationOf({ passkeys, audiences }, body.link, isMember),
  );

  app.post(
    "/v1/login/passkey-link",
    {
      ...shared,
      schema: {
        operationId: "addPasskey",
        summary: "Takes the passkey that a browser made by a link, which is used up by it",
        tags,
        body: contract.addBody,
        response: { 201: contract.passkeyAdded },
      },
    },
    async ({ body }, reply) => {
      const response = body.response as RegistrationResponseJSON;
      const at = { site: siteOf(audiences()), kind: isMember };
      const { passkey, who } = demand(await passkeys.add(body.link, response, at));
      const { household, member } = who;
      const data = { passkey: passkey.id, name: passkey.name, at: timeTextOf(clock.wall()) };
      hub.publish({ household, member, kind: "passkey.added", data });
      return reply.code(201).send(shownPasskey(passkey));
    },
  );
}

/** What a member does with their own passkeys. */
export function addPasskeys(members: App, services: PasskeyServices): void {
  const { passkeys, charters, audiences } = services;
  endWithMembership(charters, passkeys);

  members.post(
    "/v1/passkeys/links",
    {
      onRequest: keySessionsOnly,
      schema: {
        operationId: "linkPasskey",
        summary:
          "A link by which one browser makes one passkey, within 10 minutes; for sessions opened with the key",
        description: contract.whyNoKey,
        tags,
        body: contract.linkBody,
        response: { 201: contract.linkMade },
      },
    },
    async (request, reply) => {
      const caller = sessionOf(request);
      return reply
        .code(201)
        .send(await linkFor({ passkeys, audiences }, caller, request.body.name, "/sign-in"));
    },
  );

  members.get(
    "/v1/passkeys",
    {
      schema: {
        operationId: "listPasskeys",
        summary: "The member's own passkeys, newest first",
        tags,
        querystring: listQuery,
        response: { 200: contract.passkeyList },
      },
    },
    async (request) => {
      const all = (await passkeys.list(sessionOf(request))).map(shownPasskey);
      const { items, rest } = newestFirst(all, request.query);
      return { passkeys: items, ...rest };
    },
  );

  members.delete(
    "/v1/passkeys/:passkey",
    {
      schema: {
        operationId: "removePasskey",
        summary: "Removes one of the member's own passkeys; in a browser never the last way of signing in",
        tags,
        params: contract.passkeyParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const caller = sessionOf(request);
      await removePasskey(services, { who: caller, how: caller.how }, request.params.passkey);
      return reply.code(204).send(null);
    },
  );
}

/** The link by which one browser makes one passkey, on the page of its side. */
export async function linkFor(
  { passkeys, audiences }: Pick<PasskeyWays, "passkeys" | "audiences">,
  who: Person,
  name: string,
  page: string,
) {
  const { origin } = siteOf(audiences());
  const { secret, expiresAt } = await passkeys.link(who, name);
  return { url: `${origin}${page}#add=${secret}`, expiresAt: timeTextOf(expiresAt) };
}

/** Removes a passkey. Who holds the key always gets in; whoever came otherwise may not. */
export async function removePasskey(
  { passkeys, passphrases }: Pick<PasskeyWays, "passkeys" | "passphrases">,
  { who, how }: { readonly who: Person; readonly how: string | undefined },
  id: string,
): Promise<void> {
  const byKeyOrWords = how === "key" || (await passphrases.of(who)) !== undefined;
  const left = byKeyOrWords ? [] : await passkeys.list(who);
  if (left.length === 1 && left[0]?.id === id) throw new Problem("last-way-in");
  found((await passkeys.remove(who, id)) || undefined);
}

/** The first of the cloud's own origins that has a name: browsers bind passkeys to names. */
export function siteOf(origins: readonly string[]): Site {
  for (const origin of origins) {
    const { hostname, protocol } = new URL(origin);
    const isName = /[a-z]/.test(hostname.split(".").at(-1) ?? "") && !hostname.startsWith("[");
    if (isName && (protocol === "https:" || hostname === "localhost")) return { origin, name: hostname };
  }
  throw new Problem("no-name-for-passkeys");
}

export function shownPasskey({ id, name, madeAt, usedAt }: Passkey) {
  const used = usedAt === undefined ? {} : { usedAt: timeTextOf(usedAt) };
  return { id, name, madeAt: timeTextOf(madeAt), ...used };
}
