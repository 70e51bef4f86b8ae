import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { OfficerId } from "../../../shared/kernel/ids.js";
import type { Office } from "../../../shared/release/officelogin.js";
import { clientName } from "../../household/client.js";
import type { Passkeys } from "../../household/passkeys.io.js";
import type { Passphrases } from "../../household/passphrases.io.js";
import { holdersAt, isOfficer, isOperator } from "../../household/person.js";
import type { SignInMethod } from "../../household/sessions.io.js";
import type { Post } from "../../office/people.js";
import type { OfficeGrant } from "../../office/sessions.io.js";
import type { App } from "../app.js";
import { listQuery, nothing } from "../contract/common.js";
import { signedInOffice } from "../contract/offices.js";
import * as keys from "../contract/passkeys.js";
import * as phrases from "../contract/passphrases.js";
import { newestFirst } from "../page.js";
import { forgetBrowser, keepInBrowser, ownPagesOnly, refreshOf } from "../plugins/browser.js";
import { grantedToOffice, officerOf, operatorOf, ownKeyOnly, postOf } from "../plugins/office.js";
import { demand, found, Problem } from "../problems.js";
import type { OfficeServices } from "./offices.js";
import {
  askedOf,
  creationOf,
  linkFor,
  removePasskey,
  shownPasskey,
  signedByPasskey,
  siteOf,
} from "./passkeys.js";
import { removePassphrase, shownPassphrase, signedByWords } from "./passphrases.js";

export interface OfficeWayServices extends OfficeServices {
  readonly passkeys: Passkeys;
  readonly passphrases: Passphrases;
}

export type WaysIn = Pick<OfficeWayServices, "passkeys" | "passphrases" | "officeSessions">;

/**
 * Ends what is stored of everybody there but the people named, so that whoever comes back has nothing from before. It failing
 * lets nobody in: each use asks whether the person is named.
 */
export async function endWaysOfOthers(
  { passkeys, passphrases, officeSessions }: WaysIn,
  office: Office,
  people: readonly { readonly id: OfficerId }[],
): Promise<void> {
  const ids = people.map(({ id }) => id);
  const household = holdersAt(office);
  await passkeys.keepOnly(household, ids);
  await passphrases.keepOnly(household, ids);
  await officeSessions.keepOnly(office, ids);
}

type Side = "agency" | "operator";

/** For each side: whom its routes let in, which page they come from, and what its operations are called. */
const sides = {
  agency: { kind: isOfficer, page: "/office", who: "Officer", callerOf: officerOf },
  operator: { kind: isOperator, page: "/desk", who: "Operator", callerOf: operatorOf },
} as const;

/** How officers and operators come in from a browser, as members do; without a token. */
export function addOfficeBrowsers(app: App, services: OfficeWayServices): void {
  for (const side of ["agency", "operator"] as const) {
    addPasskeySignIn(app, side, services);
    addWordsSignIn(app, side, services);
    addRenewal(app, side, services);
    addNewPasskey(app, side, services);
  }
}

function addPasskeySignIn(app: App, side: Side, services: OfficeWayServices): void {
  const { kind, who } = sides[side];
  const shared = { config: services.limit, preHandler: ownPagesOnly(services.audiences) };
  app.post(
    `/${side}/v1/login/passkey/challenge`,
    {
      ...shared,
      schema: {
        operationId: `challenge${who}Passkey`,
        summary: "What a browser needs to sign in with a passkey; the same for everybody",
        tags: [side],
        response: { 200: keys.request },
      },
    },
    async () => askedOf(services),
  );
  app.post(
    `/${side}/v1/login/passkey`,
    {
      ...shared,
      schema: {
        operationId: `login${who}WithPasskey`,
        summary: "Opens a session in a browser; what renews it goes into a cookie that no script reads",
        tags: [side],
        body: keys.signInBody,
        response: { 200: signedInOffice },
      },
    },
    async (request, reply) => {
      const { response } = request.body;
      const post = await signedByPasskey(services, { response, ip: request.ip, kind }, reply);
      return letIn(app, services, { side, post, how: "passkey" }, request, reply);
    },
  );
}

function addWordsSignIn(app: App, side: Side, services: OfficeWayServices): void {
  const { kind, who } = sides[side];
  app.post(
    `/${side}/v1/login/passphrase`,
    {
      config: services.limit,
      preHandler: ownPagesOnly(services.audiences),
      schema: {
        operationId: `login${who}WithPassphrase`,
        summary: "Opens a session in a browser for a generated passphrase and a code; never for one of them",
        tags: [side],
        body: phrases.passphraseBody,
        response: { 200: signedInOffice },
      },
    },
    async (request, reply) => {
      const post = await signedByWords(services, { said: request.body, ip: request.ip, kind }, reply);
      return letIn(app, services, { side, post, how: "passphrase" }, request, reply);
    },
  );
}

function addRenewal(app: App, side: Side, services: OfficeWayServices): void {
  const { kind, who } = sides[side];
  app.post(
    `/${side}/v1/session/browser`,
    {
      config: services.limit,
      preHandler: ownPagesOnly(services.audiences),
      schema: {
        operationId: `renew${who}BrowserSession`,
        summary: "Another token for the browser's open session; a cookie that comes a second time ends it",
        tags: [side],
        response: { 200: signedInOffice },
      },
    },
    async (request, reply) => {
      const refresh = refreshOf(request, side);
      const session = refresh === undefined ? undefined : await services.officeSessions.renew(refresh);
      const mine = session !== undefined && kind(session) && session.how !== "key";
      const granted = mine ? await grantedToPage(app, services, session, side, reply) : undefined;
      if (granted !== undefined) return granted;
      forgetBrowser(reply, side);
      throw new Problem(refresh === undefined ? "not-logged-in" : "session-over");
    },
  );
}

/** What the link does that the command line shows. */
function addNewPasskey(app: App, side: Side, services: OfficeWayServices): void {
  const { kind, who } = sides[side];
  const { passkeys, audiences } = services;
  const shared = { config: services.limit, preHandler: ownPagesOnly(audiences) };
  app.post(
    `/${side}/v1/login/passkey-link/challenge`,
    {
      ...shared,
      schema: {
        operationId: `challengeNew${who}Passkey`,
        summary: "What a browser needs to make the passkey of a link",
        tags: [side],
        body: keys.linkAsk,
        response: { 200: keys.creation },
      },
    },
    async ({ body }) => creationOf(services, body.link, kind),
  );
  app.post(
    `/${side}/v1/login/passkey-link`,
    {
      ...shared,
      schema: {
        operationId: `add${who}Passkey`,
        summary: "Takes the passkey that a browser made by a link, which is used up by it",
        tags: [side],
        body: keys.addBody,
        response: { 201: keys.passkeyAdded },
      },
    },
    async ({ body }, reply) => {
      const response = body.response as RegistrationResponseJSON;
      const { passkey } = demand(
        await passkeys.add(body.link, response, { site: siteOf(audiences()), kind }),
      );
      return reply.code(201).send(shownPasskey(passkey));
    },
  );
}

interface Entry {
  readonly side: Side;
  readonly post: Post;
  readonly how: SignInMethod;
}

async function letIn(
  app: App,
  services: OfficeWayServices,
  { side, post, how }: Entry,
  { headers }: Pick<FastifyRequest, "headers">,
  reply: FastifyReply,
) {
  const client = clientName(headers["user-agent"] ?? "");
  const session = await services.officeSessions.open(post, { how, client });
  const granted = await grantedToPage(app, services, session, side, reply);
  if (granted === undefined) throw new Problem("session-over");
  return granted;
}

/** What a page gets; the rest goes into the cookie. Nothing for whom nothing names any more. */
async function grantedToPage(
  app: App,
  { directory, clock }: OfficeWayServices,
  session: OfficeGrant,
  side: Side,
  reply: FastifyReply,
) {
  const person = await directory.find(session);
  if (person === undefined) return undefined;
  keepInBrowser(reply, clock.wall(), session, side);
  const { refresh: _inTheCookie, ...granted } = grantedToOffice(app, clock.wall(), session);
  const { id, name, role } = person;
  return { ...granted, office: session.office, id, name, role };
}

/** What officers and operators do with their own passkeys and passphrase. Nobody makes one for another. */
export function addOfficeWays(app: App, side: Side, services: OfficeWayServices): void {
  addOwnPasskeys(app, side, services);
  addOwnPassphrase(app, side, services);
}

function addOwnPasskeys(app: App, side: Side, services: OfficeWayServices): void {
  const { page, who, callerOf } = sides[side];
  const { passkeys } = services;
  app.post(
    `/${side}/v1/passkeys/links`,
    {
      onRequest: ownKeyOnly,
      schema: {
        operationId: `link${who}Passkey`,
        summary: "A link by which one browser makes one passkey; only for sessions opened with the own key",
        description: keys.whyNoKey,
        tags: [side],
        body: keys.linkBody,
        response: { 201: keys.linkMade },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await linkFor(services, postOf(callerOf(request)), request.body.name, page)),
  );
  app.get(
    `/${side}/v1/passkeys`,
    {
      schema: {
        operationId: `list${who}Passkeys`,
        summary: "The own passkeys, newest first",
        tags: [side],
        querystring: listQuery,
        response: { 200: keys.passkeyList },
      },
    },
    async (request) => {
      const all = (await passkeys.list(postOf(callerOf(request)))).map(shownPasskey);
      const { items, rest } = newestFirst(all, request.query);
      return { passkeys: items, ...rest };
    },
  );
  app.delete(
    `/${side}/v1/passkeys/:passkey`,
    {
      schema: {
        operationId: `remove${who}Passkey`,
        summary: "Removes one of the own passkeys; in a browser never the last way of signing in",
        tags: [side],
        params: keys.passkeyParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      await removePasskey(services, { who: postOf(caller), how: caller.how }, request.params.passkey);
      return reply.code(204).send(null);
    },
  );
}

function addOwnPassphrase(app: App, side: Side, services: OfficeWayServices): void {
  const { who, callerOf } = sides[side];
  const { passphrases } = services;
  app.post(
    `/${side}/v1/passphrase`,
    {
      onRequest: ownKeyOnly,
      schema: {
        operationId: `make${who}Passphrase`,
        summary:
          "A passphrase and what makes its codes, in place of the ones before; both are shown this once",
        description: keys.whyNoKey,
        tags: [side],
        response: { 201: phrases.passphraseMade },
      },
    },
    async (request, reply) => reply.code(201).send(demand(await passphrases.make(postOf(callerOf(request))))),
  );
  app.get(
    `/${side}/v1/passphrase`,
    {
      schema: {
        operationId: `get${who}Passphrase`,
        summary: "Whether there is one, and when it was used",
        tags: [side],
        response: { 200: phrases.passphrase },
      },
    },
    async (request) => shownPassphrase(found(await passphrases.of(postOf(callerOf(request))))),
  );
  app.delete(
    `/${side}/v1/passphrase`,
    {
      schema: {
        operationId: `remove${who}Passphrase`,
        summary: "It signs nobody in any more; in a browser never the last way of signing in",
        tags: [side],
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      await removePassphrase(services, { who: postOf(caller), how: caller.how });
      return reply.code(204).send(null);
    },
  );
}
