import type { FastifyReply } from "fastify";
import type { CharterWriter } from "../../household/charters.io.js";
import type { Passkeys } from "../../household/passkeys.io.js";
import type { Passphrase, Passphrases, Said } from "../../household/passphrases.io.js";
import { isMember, type Kind, type Person } from "../../household/person.js";
import type { App } from "../app.js";
import { nothing } from "../contract/common.js";
import { signedInBrowser, whyNoKey } from "../contract/passkeys.js";
import * as contract from "../contract/passphrases.js";
import { endWithMembership } from "../membership.js";
import { grantedToBrowser, ownPagesOnly } from "../plugins/browser.js";
import { keySessionsOnly, sessionOf } from "../plugins/session.js";
import { demand, found, Problem } from "../problems.js";
import { timeTextOf } from "../time.js";
import { opened, refuseThrottled, type SignInServices } from "./sessions.js";

export interface PassphraseServices extends SignInServices {
  readonly passphrases: Passphrases;
  readonly passkeys: Passkeys;
  readonly charters: CharterWriter;
}

const tags = ["login"];

/** The other way in from a browser; without a token. */
export function addPassphraseSignIn(app: App, services: PassphraseServices): void {
  const { audiences, limit } = services;
  app.post(
    "/v1/login/passphrase",
    {
      config: limit,
      preHandler: ownPagesOnly(audiences),
      schema: {
        operationId: "loginWithPassphrase",
        summary: "Opens a session in a browser for a generated passphrase and a code; never for one of them",
        tags,
        body: contract.passphraseBody,
        response: { 200: signedInBrowser },
      },
    },
    async ({ body, ip, headers }, reply) => {
      const who = await signedByWords(services, { said: body, ip, kind: isMember }, reply);
      const session = await opened(services, who, "passphrase", headers["user-agent"]);
      return grantedToBrowser(app, services, session, reply);
    },
  );
}

interface SaidBy<P extends Person> {
  readonly said: Said;
  readonly ip: string;
  readonly kind: Kind<P>;
}

/** Who signs in, as somebody of this kind; whatever does not hold is counted, and gets one answer. */
export async function signedByWords<P extends Person>(
  { passphrases, throttle }: Pick<PassphraseServices, "passphrases" | "throttle">,
  { said, ip, kind }: SaidBy<P>,
  reply: FastifyReply,
): Promise<P> {
  await refuseThrottled(throttle, { address: ip }, reply);
  const signInName = said.name.trim().toLowerCase();
  const answer = demand(await passphrases.signIn(said, kind));
  // Codes can be guessed by whoever has the words: they are held up whether the next one holds or not. Nobody else can be.
  if (answer.kind !== "wrong") await refuseThrottled(throttle, { codesOf: signInName }, reply);
  if (answer.kind === "holds") return answer.who;
  const codes = answer.kind === "wrong-code" ? [{ codesOf: signInName }] : [];
  await throttle.failed([{ address: ip }, { signInName }, ...codes]);
  await refuseThrottled(throttle, { signInName }, reply);
  throw new Problem("passphrase-refused");
}

/** What a member does with their own passphrase. */
export function addPassphrase(members: App, { passphrases, passkeys, charters }: PassphraseServices): void {
  endWithMembership(charters, passphrases);

  members.post(
    "/v1/passphrase",
    {
      onRequest: keySessionsOnly,
      schema: {
        operationId: "makePassphrase",
        summary:
          "A passphrase and what makes its codes, in place of the ones before; both are shown this once",
        description: whyNoKey,
        tags,
        response: { 201: contract.passphraseMade },
      },
    },
    async (request, reply) => reply.code(201).send(demand(await passphrases.make(sessionOf(request)))),
  );

  members.get(
    "/v1/passphrase",
    {
      schema: {
        operationId: "getPassphrase",
        summary: "Whether the member has one, and when it was used",
        tags,
        response: { 200: contract.passphrase },
      },
    },
    async (request) => shownPassphrase(found(await passphrases.of(sessionOf(request)))),
  );

  members.delete(
    "/v1/passphrase",
    {
      schema: {
        operationId: "removePassphrase",
        summary: "It signs nobody in any more; in a browser never the last way of signing in",
        tags,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const caller = sessionOf(request);
      await removePassphrase({ passphrases, passkeys }, { who: caller, how: caller.how });
      return reply.code(204).send(null);
    },
  );
}

export function shownPassphrase({ name, madeAt, usedAt }: Passphrase) {
  const used = usedAt === undefined ? {} : { usedAt: timeTextOf(usedAt) };
  return { name, madeAt: timeTextOf(madeAt), ...used };
}

/** Removes the passphrase; in a browser never the last way of signing in. */
export async function removePassphrase(
  { passphrases, passkeys }: Pick<PassphraseServices, "passphrases" | "passkeys">,
  { who, how }: { readonly who: Person; readonly how: string | undefined },
): Promise<void> {
  found(await passphrases.of(who));
  if (how !== "key" && (await passkeys.list(who)).length === 0) throw new Problem("last-way-in");
  await passphrases.remove(who);
}
