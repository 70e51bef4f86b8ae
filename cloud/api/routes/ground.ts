import Type from "typebox";
import type { App } from "../app.js";
import { closed } from "../contract/common.js";

/** One part of the cloud and whether it works now. */
export interface Check {
  readonly name: string;
  readonly works: () => Promise<boolean>;
}

const health = Type.Object({ status: Type.Literal("ok") }, closed);
const readiness = Type.Object(
  {
    status: Type.Union([Type.Literal("ready"), Type.Literal("not-ready")]),
    checks: Type.Record(Type.String(), Type.Boolean()),
  },
  closed,
);

/** What operators and boards ask before anything else; without a token. */
export function addGround(app: App, { checks, caPem }: { checks: readonly Check[]; caPem: string }): void {
  app.get(
    "/healthz",
    {
      schema: {
        operationId: "getHealth",
        summary: "The process answers",
        tags: ["operation"],
        response: { 200: health },
      },
    },
    async () => ({ status: "ok" as const }),
  );

  app.get(
    "/readyz",
    {
      schema: {
        operationId: "getReadiness",
        summary: "Database, vault and broker work",
        tags: ["operation"],
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const works = await Promise.all(checks.map(({ works }) => works().catch(() => false)));
      const named = Object.fromEntries(checks.map(({ name }, index) => [name, works[index] ?? false]));
      const ready = works.every(Boolean);
      const status = ready ? ("ready" as const) : ("not-ready" as const);
      return reply.code(ready ? 200 : 503).send({ status, checks: named });
    },
  );

  app.get(
    "/ca.pem",
    {
      schema: {
        operationId: "getAuthority",
        summary: "The cloud's own certificate authority, whose hash stands in a claim",
        tags: ["operation"],
        produces: ["application/x-pem-file"],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => reply.type("application/x-pem-file").send(caPem),
  );
}
