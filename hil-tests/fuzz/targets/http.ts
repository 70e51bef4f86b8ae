// Every operation of the OpenAPI document over the real API: asked as the document says, and then otherwise.
import { signInStaff } from "../../../cloud/api/officetesting.js";
import { problems, problemType } from "../../../cloud/api/problems.js";
import { activeBureau, openReleaseCloud } from "../../../cloud/api/releases.contract.js";
import { newHousehold } from "../../../cloud/api/testing.js";
import { toUtf8 } from "../../../shared/kernel/bytes.js";
import type { Prng } from "../../../shared/kernel/prng.js";
import { changeBytes, changedValue, changeText, jsonIn } from "../change.js";
import { mustHold, type OpenTarget } from "../target.js";

/** A request as an input holds it, so that it can be read and kept. */
interface Asked {
  readonly method: (typeof methods)[number];
  readonly url: string;
  readonly as: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly type?: string;
  /** Text, or JSON. */
  readonly body?: unknown;
}

/** Answers that do not end, and what would end the household or the session that asks. */
const leftOut = [
  "GET /v1/stream",
  "DELETE /v1/household",
  "DELETE /v1/sessions",
  "DELETE /agency/v1/session",
  "DELETE /operator/v1/session",
];
const kinds: readonly string[] = Object.keys(problems);

export async function openHttp(): Promise<OpenTarget> {
  const cloud = await openReleaseCloud();
  const bureau = await activeBureau(cloud);
  const home = await newHousehold(cloud);
  const [operator = ""] = await cloud.operatorTokens();
  const officer = (await signInStaff(cloud, bureau.agency, bureau.officer)).token;
  const tokens: Readonly<Record<string, string>> = { member: home.token, operator, officer };
  const document = JSON.parse((await cloud.app.inject("/openapi.json")).body);
  const seeds = requestsOf(document).filter(
    ({ method, url }) => !leftOut.includes(`${method} ${url.split("?")[0]}`),
  );
  return {
    ...{
      name: "http",
      about: "every route of the API",
      form: "json",
      kinds,
      change: changeRequest,
      millis: 1_500,
    },
    seeds: seeds.map((one) => toUtf8(JSON.stringify(one))),
    async run(input) {
      const asked = askedIn(input);
      if (asked === undefined || leftOut.includes(`${asked.method} ${asked.url}`)) return "ok";
      const response = await cloud.app.inject(requestOf(asked, tokens));
      return verdictOn(response.statusCode, String(response.headers["content-type"] ?? ""), response.body);
    },
    close: cloud.close,
  };
}

function verdictOn(status: number, type: string, body: string): string {
  mustHold(status < 500, `answered ${status}: ${body.slice(0, 200)}`);
  mustHold(!/\bat .*[.](js|ts):\d+/.test(body.slice(0, 100_000)), "a stack was answered");
  if (status < 400) return "ok";
  mustHold(type.startsWith("application/problem+json"), `answered ${status} without a problem document`);
  const problem: { readonly type?: string; readonly status?: number } = JSON.parse(body);
  mustHold(problem.status === status, "the problem has another status than the answer");
  return (
    Object.keys(problems).find((kind) => problemType(kind as never) === problem.type) ?? `${problem.type}`
  );
}

function askedIn(input: Uint8Array): Asked | undefined {
  const value = jsonIn(input);
  if (typeof value !== "object" || value === null) return undefined;
  const { method, url, as, headers, type, body } = value as Partial<Record<keyof Asked, unknown>>;
  const named = Object.entries(typeof headers === "object" && headers !== null ? headers : {});
  return {
    method: methods.find((one) => one === method) ?? "GET",
    url: `/${sendable(`${url}`).replace(/^\/*/, "")}`,
    as: `${as}`,
    headers: Object.fromEntries(
      named.flatMap(([name, text]) => (/^[a-z-]{1,40}$/.test(name) ? [[name, sendable(`${text}`)]] : [])),
    ),
    ...(typeof type === "string" && { type: sendable(type) }),
    ...(body !== undefined && { body }),
  };
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** What Node's own parser of HTTP lets through. */
const sendable = (text: string): string => text.replace(/[^\x21-\x7e]/g, "");

function requestOf(
  { method, url, as, headers, type, body }: Asked,
  tokens: Readonly<Record<string, string>>,
) {
  const token = Object.hasOwn(tokens, as) ? { authorization: `Bearer ${tokens[as]}` } : {};
  const isForm = type !== undefined && !type.includes("json");
  const payload =
    body === undefined ? undefined : isForm || typeof body === "string" ? `${body}` : JSON.stringify(body);
  const sent = payload === undefined ? {} : { "content-type": type ?? "application/json" };
  return {
    method,
    url,
    headers: { ...headers, ...token, ...sent },
    ...(payload !== undefined && { payload }),
  };
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly default?: unknown;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly security?: readonly Readonly<Record<string, unknown>>[];
}

/** One request that fits for each operation, and one that has no token. */
function requestsOf({
  paths,
}: {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}): readonly Asked[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Asked => {
      const { parameters = [], requestBody, security = [] } = operation;
      const of = (place: string) => parameters.filter((one) => one.in === place);
      const url = of("path").reduce(
        (text, { name, schema }) => text.replace(`{${name}}`, `${sampleOf(schema)}`),
        path,
      );
      const query = of("query").map(
        ({ name, schema }) => `${name}=${encodeURIComponent(`${sampleOf(schema)}`)}`,
      );
      const [content] = Object.entries(requestBody?.content ?? {});
      const [as = "nobody"] = security.flatMap((needed) => Object.keys(needed));
      return {
        ...{
          method: methods.find((one) => one === method.toUpperCase()) ?? "GET",
          url: [url, ...query].join("?").replaceAll("?", "&").replace("&", "?"),
          as,
        },
        headers: Object.fromEntries(of("header").map(({ name, schema }) => [name, `${sampleOf(schema)}`])),
        ...(content && {
          type: content[0],
          body: content[0].includes("json") ? sampleOf(content[1].schema) : "bytes",
        }),
      };
    }),
  );
}

/** Texts for the contract's patterns. */
const texts = [
  ...[
    "aaaaaaaaaaaaaaaa",
    "01999999-9999-7999-8999-999999999999",
    `${"A".repeat(43)}=`,
    "2026-01-01T00:00:00.000Z",
  ],
  ...[
    "0",
    "1",
    "a",
    "aaaaaaaa",
    `age1${"q".repeat(58)}`,
    "QUFB",
    "record",
    "clips",
    "000",
    "a".repeat(32),
    "A".repeat(44),
  ],
  ...[
    "x001/000",
    "2026",
    "2026-01",
    "en",
    `"etag"`,
    "https://cloud.example",
    "+33123456789",
    "11111111-1111-4111-8111-111111111111",
  ],
];

function sampleOf(schema: Schema): unknown {
  const said = schema.const ?? schema.enum?.[0] ?? schema.default;
  if (said !== undefined) return said;
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] ?? {});
  const [type = "string"] = [schema.type ?? "string"].flat();
  return samples[type]?.(schema) ?? null;
}

const samples: Readonly<Record<string, (schema: Schema) => unknown>> = {
  object: ({ properties = {} }) =>
    Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, sampleOf(one)])),
  array: ({ items = {} }) => [sampleOf(items)],
  integer: ({ minimum = 1 }) => minimum,
  number: ({ minimum = 1 }) => minimum,
  boolean: () => true,
  string: ({ pattern = "" }) => texts.find((text) => new RegExp(pattern).test(text)) ?? "x",
};

/** Mostly a value somewhere; sometimes the address as text. */
function changeRequest(input: Uint8Array, other: Uint8Array, chance: Prng): Uint8Array {
  const [value, second] = [jsonIn(input), jsonIn(other)];
  if (typeof value !== "object" || value === null) return changeBytes(input, other, chance);
  if (chance.next() < 0.7)
    return toUtf8(JSON.stringify(changedValue(value, second, { words, chance })) ?? "");
  const { url } = value as { readonly url?: unknown };
  const changed = changeText(words)(
    toUtf8(`${url}`),
    toUtf8(`${(second as { url?: unknown } | null)?.url}`),
    chance,
  );
  return toUtf8(JSON.stringify({ ...value, url: new TextDecoder().decode(changed) }));
}

const words = [
  ...[
    "member",
    "officer",
    "operator",
    "nobody",
    "limit",
    "cursor",
    "application/octet-stream",
    "text/plain",
    "%2e%2e",
    "%",
  ],
  ...[
    "application/json; charset=utf-16",
    "if-match",
    "if-none-match",
    "idempotency-key",
    "range",
    "bytes=0-",
    "origin",
    "host",
  ],
  ...[
    "x-forwarded-for",
    "content-length",
    "accept",
    "authorization",
    "Bearer x",
    "Bearer lintel_pat_x",
    "cookie",
    ...texts,
  ],
];
