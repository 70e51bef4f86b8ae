import type { Authority } from "../../household/ca.io.js";
import type { Renewals, RenewalView } from "../../household/renewals.io.js";
import type { App } from "../app.js";
import { cameraParams } from "../contract/clips.js";
import * as contract from "../contract/household.js";
import { cameraIdIn } from "../ids.js";
import type { RateLimit } from "../plugins/ratelimit.js";
import { ownersOnly, sessionOf } from "../plugins/session.js";
import { demand, found } from "../problems.js";
import type { Sight } from "../sight.js";
import { timeTextOf } from "../time.js";

export interface RenewalServices {
  readonly renewals: Renewals;
  readonly authority: Authority;
  readonly sight: Sight;
  readonly limit: RateLimit;
}

/** The camera's side: no token and no certificate, its signature stands for it. */
export function addCamerasRenewals(app: App, { renewals, authority, limit }: RenewalServices): void {
  app.post(
    "/v1/renewals",
    {
      config: limit,
      schema: {
        operationId: "askRenewal",
        summary: "A camera whose certificate ended asks for another; 202 until an owner has said yes",
        tags: ["cameras"],
        body: contract.renewalBody,
        response: { 200: contract.renewed, 202: contract.renewalWaiting },
      },
    },
    async ({ body }, reply) => {
      const asked = demand(await renewals.ask(body.note));
      if (asked === "waiting") return reply.code(202).send({ state: "waiting" });
      return reply.code(200).send({ certificate: await authority.certify(asked.camera, asked.tlsKey) });
    },
  );
}

/** The household's side. */
export function addRenewals(members: App, { renewals, sight }: RenewalServices): void {
  members.get(
    "/v1/cameras/:camera/renewal",
    {
      schema: {
        operationId: "getRenewal",
        summary: "Whether the camera asks for a certificate, with its own signature",
        tags: ["cameras"],
        params: cameraParams,
        response: { 200: contract.renewal },
      },
    },
    async (request) => {
      const session = sessionOf(request);
      const { id } = found((await sight.of(session)).get(cameraIdIn(request.params.camera)));
      return shown(found(await renewals.view(session.household, id)));
    },
  );

  members.put(
    "/v1/cameras/:camera/renewal",
    {
      onRequest: ownersOnly,
      schema: {
        operationId: "answerRenewal",
        summary: "An owner's yes or no to a camera that asks for a certificate; a yes is good for a day",
        tags: ["cameras"],
        params: cameraParams,
        body: contract.renewalAnswer,
        response: { 200: contract.renewal },
      },
    },
    async (request) => {
      const session = sessionOf(request);
      const { id } = found((await sight.of(session)).get(cameraIdIn(request.params.camera)));
      return shown(found(await renewals.answer(session.household, id, request.body.answer)));
    },
  );
}

function shown({ askedAt, ...view }: RenewalView) {
  return { ...view, askedAt: timeTextOf(askedAt) };
}
