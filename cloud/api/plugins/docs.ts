import { STATUS_CODES } from "node:http";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { App } from "../app.js";
import { describeProtocol } from "../asyncapi.js";
import { problemSchema } from "../contract/common.js";

const description = `What the household's own client may ask of a Lintel cloud. The cloud holds sealed clips and cannot open them:
what it serves are age files, opened where the member's key is. Every refusal is a problem document (RFC 9457) whose
\`type\` is stable. What cameras say to the cloud is described in /asyncapi.json.`;

const bearer = { type: "http", scheme: "bearer", bearerFormat: "JWT" } as const;

/** Before the routes: collects their schemas into one OpenAPI 3.1 document. */
export async function addDescription(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Lintel",
        description,
        version,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      components: {
        securitySchemes: { member: bearer, officer: bearer, operator: bearer },
      },
    },
    transform: ({ schema, url }) => ({ schema: described(schema, url), url }),
  });
}

/** After the routes: serves the documents and a page to try them. */
export async function addDocs(app: App): Promise<void> {
  const hidden = { schema: { hide: true } };
  app.get("/openapi.json", hidden, async () => app.swagger());
  app.get("/asyncapi.json", hidden, async () => describeProtocol());
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: { persistAuthorization: false, tryItOutEnabled: true, displayRequestDuration: true },
  });
}

/** Whose token a route needs, by its address. */
function neededAt(url: string): "member" | "officer" | "operator" | undefined {
  if (openRoutes.test(url)) return undefined;
  if (url.startsWith("/agency/")) return "officer";
  return url.startsWith("/operator/") ? "operator" : "member";
}

/** Routes without a token. */
const openRoutes =
  /^\/v1\/(households|login|renewals|session\/|claims\/:claimId\/|invitations\/:invitation\/|recovery\/)|^\/agency\/v1\/agreements$|^\/(agency|operator)\/v1\/(login|session\/)|^\/(?!v1\/|agency\/v1\/|operator\/v1\/)/;

type Schema = Parameters<
  NonNullable<Extract<Parameters<typeof swagger>[1], { transform?: unknown }>["transform"]>
>[0]["schema"];

/** Every route may answer with a problem; a route that is somebody's needs their token. */
function described(schema: Schema, url: string): Schema {
  if (schema?.hide === true) return schema;
  const needed = neededAt(url);
  const binary = { type: "string", format: "binary" };
  const response: object = typeof schema?.response === "object" ? (schema.response ?? {}) : { 200: binary };
  const named = Object.entries(response).map(([status, body]) => [
    status,
    { description: STATUS_CODES[status], ...body },
  ]);
  const problem = {
    description: "A problem document",
    content: { "application/problem+json": { schema: { ...problemSchema, $id: undefined } } },
  };
  return {
    ...schema,
    response: { ...Object.fromEntries(named), default: problem },
    ...(needed === undefined ? {} : { security: [{ [needed]: [] }] }),
  };
}
