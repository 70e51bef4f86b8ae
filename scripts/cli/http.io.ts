import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { rootCertificates } from "node:tls";
import { fieldsOf, UnexpectedAnswer } from "./fields.js";
import { problemSentence } from "./problems.js";

/** Longest wait for the next byte of an answer. */
const silenceMillisMax = 15_000;
/** Longest wait for an answer's head, and then again for its JSON, however it drips. */
const wholeMillisMax = 30_000;
/** A call that failed is not tried again later than this after the first try. */
const triesMillisMax = 30_000;
/** Largest JSON answer. */
const answerBytesMax = 8 * 1024 * 1024;
/** Largest problem document. */
const problemBytesMax = 64 * 1024;
const triesMax = 5;
const firstPauseMillis = 200;

/** Where a cloud is, and who may vouch for it beside the public authorities. */
export interface Server {
  readonly url: string;
  /** PEM of the cloud's own CA. */
  readonly ca?: string;
  /** Trust that CA only. */
  readonly onlyCa?: boolean;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** In place of `body`: bytes as they are. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** Whether a repeated call does no harm when the first one's answer got lost. GET and DELETE always are. */
  readonly repeatable?: boolean;
  /** Longest wait for the next byte. */
  readonly silenceMillis?: number;
  /** Longest wait for the answer's head, and for its body where it is read as a whole. */
  readonly wholeMillis?: number;
}

/** The cloud refused: an RFC 9457 problem. */
export class Problem extends Error {
  readonly status: number;
  /** The last word of the problem's `type`, such as `expired-claim`. */
  readonly kind: string;
  constructor(status: number, kind: string, sentence: string) {
    super(sentence);
    this.status = status;
    this.kind = kind;
  }
}

/** The cloud could not be reached, or its certificate is not one that we trust. */
export class Unreachable extends Error {
  readonly code: string;
  constructor(server: string, code: string, why: string) {
    super(`${server} could not be reached: ${why}`);
    this.code = code;
  }
}

/** Calls for JSON; `undefined` for an answer without a body. Throws `Problem` and `Unreachable`. */
export function call(server: Server, wanted: Call): Promise<unknown> {
  return trying(wanted, async () => {
    const answer = await once(server, wanted);
    const text = (await bodyOf(answer, answerBytesMax, wanted.wholeMillis)).toString("utf8");
    return text === "" ? undefined : parseJson(text, wanted.path);
  });
}

/** As `call`, but hands over the answer as it comes. The caller reads it to its end or destroys it. */
export function send(server: Server, wanted: Call): Promise<IncomingMessage> {
  return trying(wanted, () => once(server, wanted));
}

async function trying<T>(wanted: Call, attempt: () => Promise<T>): Promise<T> {
  const repeatable = wanted.repeatable ?? (wanted.method === "GET" || wanted.method === "DELETE");
  const until = performance.now() + triesMillisMax;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const over = tries >= triesMax || performance.now() > until;
      if (over || !repeatable || !passes(error)) throw error;
      await wait(firstPauseMillis * 2 ** (tries - 1) * (0.5 + Math.random()));
    }
  }
}

/** Whether the same call may succeed a moment later. */
function passes(error: unknown): boolean {
  if (error instanceof Problem) return [429, 502, 503, 504].includes(error.status);
  return error instanceof Unreachable && !isUntrusted(error);
}

/** Whether somebody answered, with a certificate that nobody we trust vouches for. */
export function isUntrusted({ code }: Unreachable): boolean {
  return code.includes("CERT") || code.startsWith("ERR_TLS") || code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
}

async function once(server: Server, wanted: Call): Promise<IncomingMessage> {
  const answer = await start(server, wanted, { trustNobody: false });
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  const text = (await bodyOf(answer, problemBytesMax, wanted.wholeMillis)).toString("utf8");
  throw problemOf(status, text, server);
}

/** A text that somebody we trust vouches for the connection of. */
export async function fetchText(server: Server, path: string, bytesMax: number): Promise<string> {
  return (await fetchBytes(server, path, bytesMax)).toString("utf8");
}

export function fetchBytes(server: Server, path: string, bytesMax: number): Promise<Buffer> {
  const wanted = { method: "GET", path } as const;
  return trying(wanted, async () => bodyOf(await once(server, wanted), bytesMax));
}

/** A person waits and can try again. */
const caFile = { method: "GET", path: "/ca.pem", repeatable: false } as const;
const caBytesMax = 64 * 1024;

/** The cloud's CA, over a connection that somebody whom we trust vouches for. */
export async function fetchCa(server: Server): Promise<string> {
  return (await bodyOf(await send(server, caFile), caBytesMax)).toString("utf8");
}

/** The cloud's CA as the cloud itself shows it: worth nothing until its hash was compared. */
export async function fetchUnverifiedCa(url: string): Promise<string> {
  const answer = await start({ url }, caFile, { trustNobody: true });
  const text = (await bodyOf(answer, caBytesMax)).toString("utf8");
  if (answer.statusCode !== 200) throw problemOf(answer.statusCode ?? 0, text, { url });
  return text;
}

function start(
  server: Server,
  wanted: Call,
  { trustNobody }: { readonly trustNobody: boolean },
): Promise<IncomingMessage> {
  const { method, path, body, bytes, headers, token } = wanted;
  const { silenceMillis = silenceMillisMax, wholeMillis = wholeMillisMax } = wanted;
  const url = new URL(path, checkedUrl(server.url));
  const payload = body === undefined ? bytes : JSON.stringify(body);
  const type = body === undefined ? "application/octet-stream" : "application/json";
  const options = {
    method,
    headers: {
      accept: "application/json",
      ...(payload && { "content-type": type, "content-length": Buffer.byteLength(payload) }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    timeout: silenceMillis,
    ...(url.protocol === "https:" && { ca: authorities(server), rejectUnauthorized: !trustNobody }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestTls : requestPlain)(url, options, resolve);
    const late = (millis: number) => () =>
      void request.destroy(new Error(`no answer within ${millis / 1000} s`));
    request.on("timeout", late(silenceMillis));
    const timer = setTimeout(late(wholeMillis), wholeMillis);
    request.once("response", () => clearTimeout(timer));
    request.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const code = error.code ?? "";
      reject(new Unreachable(url.origin, code, error.message || code || "unknown reason"));
    });
    request.end(payload);
  });
}

function authorities({ ca, onlyCa }: Server): string[] {
  const own = ca === undefined ? [] : [ca];
  return onlyCa === true ? own : [...rootCertificates, ...own];
}

/** `http://` on this machine only: a token must not cross a network in the clear. */
export function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol))
    throw new Unreachable(text, "BAD_URL", "this is not an http(s) address");
  if (url.protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(url.hostname))
    throw new Unreachable(text, "BAD_URL", "http:// is for this machine only; use https://");
  return url;
}

/** The whole body. Throws `UnexpectedAnswer` for one that is too long, `Unreachable` for one that breaks off or drips. */
async function bodyOf(
  answer: IncomingMessage,
  bytesMax: number,
  millisMax = wholeMillisMax,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let why = "the connection broke off in the middle of the answer";
  const timer = setTimeout(() => {
    why = `the answer did not come to its end within ${millisMax / 1000} s`;
    answer.destroy();
  }, millisMax);
  try {
    for await (const part of answer) {
      bytes += part.length;
      if (bytes > bytesMax) throw new UnexpectedAnswer(`it is longer than ${bytesMax / 1024} KiB`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof UnexpectedAnswer) throw error;
    throw new Unreachable("The cloud", "BROKEN_OFF", why);
  } finally {
    clearTimeout(timer);
  }
  if (!answer.complete) throw new Unreachable("The cloud", "BROKEN_OFF", why);
  return Buffer.concat(parts);
}

function problemOf(status: number, text: string, { url }: Pick<Server, "url">): Problem {
  if (status >= 300 && status < 400)
    return new Problem(
      status,
      "",
      `${url} sends to another address, and lintel follows nobody. Give the address that the cloud's operator calls the right one.`,
    );
  try {
    const problem = fieldsOf(JSON.parse(text), "problem");
    const kind = problem.maybeText("type")?.split(/[/:#]/).at(-1) ?? "";
    const said = problem.maybeText("detail") ?? problem.maybeText("title") ?? `status ${status}`;
    return new Problem(status, kind, problemSentence(kind, said, problem.maybeText("requestId")));
  } catch {
    return new Problem(
      status,
      "",
      `${url} answered with status ${status} and no reason. Is a Lintel cloud there?`,
    );
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedAnswer(`${path} gave no JSON`);
  }
}
