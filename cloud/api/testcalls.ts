import { type IncomingMessage, request } from "node:http";
import type { Readable } from "node:stream";
import type { InjectOptions } from "fastify";
import { formatLogin } from "../../shared/charter/login.js";
import { assert } from "../../shared/kernel/assert.js";
import type { HouseholdId } from "../../shared/kernel/ids.js";
import { signNote } from "../../shared/seal/note.js";
import type { Who } from "../household/person.js";
import type { Sessions } from "../household/sessions.io.js";
import { systemClock } from "../system.io.js";
import type { createApi } from "./server.js";
import { audience, type Person } from "./testpeople.js";

// Calls of the API, and who makes them.

/** A cloud to be called without a network. */
interface Called {
  readonly app: Awaited<ReturnType<typeof createApi>>;
  readonly sessions: Pick<Sessions, "open">;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads fields of whatever came
  readonly body: any;
}

/** One request, without a network. */
export async function call(
  { app }: Pick<Called, "app">,
  method: NonNullable<InjectOptions["method"]>,
  url: string,
  { body, token, headers = {} }: { body?: object; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await app.inject({
    method,
    url,
    headers: { ...authorization, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  const type = String(response.headers["content-type"] ?? "");
  return {
    status: response.statusCode,
    type,
    headers: response.headers,
    text: response.body,
    body: /json/.test(type) && !type.includes("ndjson") ? JSON.parse(response.body) : undefined,
  };
}

/** Requests with this token over a real socket, which is where ranges and streams live. */
export function getter(origin: string, token: string) {
  const authorization = `Bearer ${token}`;
  return (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = request(origin + path, { method, headers: { authorization, ...headers } }, resolve);
      sent.on("error", reject).end();
    });
}

export async function bytesOf(answer: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function loginNote(
  cloud: Pick<Called, "app">,
  person: Person,
  household: HouseholdId,
  to = audience,
): Promise<string> {
  const { id } = person.member;
  const challenge = await call(cloud, "POST", "/v1/login/challenge", { body: { household, member: id } });
  const { nonce } = challenge.body;
  const text = formatLogin({ household, member: id, audience: to, nonce, at: systemClock.wall() });
  return signNote(text, [person.login]);
}

/** A token of a session that no login opened; `age` seconds old. */
export async function tokenFor(
  { app, sessions }: Called,
  { household, member }: Who,
  age = 0,
): Promise<string> {
  const { id } = await sessions.open({ household, member }, { how: "key", client: "test" });
  const claims = { household, member, session: id, iat: Math.floor(Date.now() / 1_000) - age };
  return app.jwt.sign(claims);
}

export async function tokenOf(
  cloud: Pick<Called, "app">,
  person: Person,
  household: HouseholdId,
): Promise<string> {
  const note = await loginNote(cloud, person, household);
  const login = await call(cloud, "POST", "/v1/login", { body: { note } });
  assert(login.status === 200, `login failed: ${login.text}`);
  return login.body.token;
}
