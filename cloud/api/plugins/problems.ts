import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { storageFaultOf } from "../../faults.js";
import { LogBehind } from "../../tlog/behind.js";
import type { ProblemDocument } from "../contract/common.js";
import { Problem, type ProblemKind, problems, problemType, retryAfterSeconds } from "../problems.js";

/** Every error becomes a problem document (RFC 9457), without stack or wording of libraries. */
export function addProblems(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => send(request, reply, { kind: "not-there" }));
  app.setErrorHandler((error, request, reply) => {
    const kind = kindOf(error);
    if (causesForOperator.has(kind)) request.log.error({ error: describe(error) }, "http.failed");
    const reasons = error instanceof Problem ? error.reasons : [];
    return send(request, reply, { kind, reasons, ...whereOf(error) });
  });
}

const causesForOperator: ReadonlySet<ProblemKind> = new Set([
  "internal-error",
  "storage-full",
  "storage-failed",
]);

/** For requests that fail before a route is found: an address that is none, or far too long. */
export function refuseAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
  send(request, reply, { kind: error.statusCode === 414 ? "not-there" : "malformed-request" });
}

/** For bytes that are no HTTP at all, or come too slowly; there is no request to answer, only a socket. */
export function refuseBytes(error: ConnectionError, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return;
  const document = documentOf(
    { kind: error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "too-slow" : "malformed-request" },
    "none",
  );
  const { status } = document;
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/problem+json",
    `content-length: ${body.length}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

interface Told {
  readonly kind: ProblemKind;
  /** Where the request leaves the contract, by the validator. */
  readonly where?: string;
  readonly reasons?: readonly string[];
}

function send(request: FastifyRequest, reply: FastifyReply, told: Told): FastifyReply {
  const document = documentOf(told, request.id);
  const { status } = document;
  const seconds = retryAfterSeconds[told.kind];
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (seconds !== undefined && !reply.hasHeader("retry-after")) reply.header("retry-after", seconds);
  return reply.code(status).type("application/problem+json").serializer(JSON.stringify).send(document);
}

function documentOf({ kind, where, reasons = [] }: Told, requestId: string): ProblemDocument {
  const [status, title, sentence] = problems[kind];
  const detail = [sentence, ...reasons, ...(where === undefined ? [] : [`At ${where}.`])].join(" ");
  return { type: problemType(kind), title, status, detail, requestId };
}

const kindOfStatus: Readonly<Record<number, ProblemKind>> = {
  401: "not-logged-in",
  404: "not-there",
  413: "too-large",
  415: "unsupported-media-type",
  429: "too-many-requests",
  503: "unavailable",
};

function kindOf(error: unknown): ProblemKind {
  if (error instanceof Problem) return error.kind;
  if (error instanceof LogBehind) return "log-behind";
  const fault = storageFaultOf(error);
  if (fault !== undefined) return `storage-${fault}`;
  if (!isFastifyError(error)) return "internal-error";
  const status = error.statusCode ?? 500;
  return kindOfStatus[status] ?? (status < 500 ? "malformed-request" : "internal-error");
}

function whereOf(error: unknown): { where?: string } {
  if (!isFastifyError(error) || error.validation === undefined) return {};
  const [first] = error.validation;
  return first === undefined
    ? {}
    : {
        where: `${error.validationContext ?? "request"}${first.instancePath}: ${first.message ?? "not valid"}`,
      };
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && "statusCode" in error;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
