import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "./problems.js";

/** The same for the same fields in the same order. */
function etagOf(body: object): string {
  return `"${createHash("sha256").update(JSON.stringify(body)).digest("base64url")}"`;
}

/** Whether a header names the tag, or any. */
export function names(header: string | undefined, tag: string): boolean {
  return header === "*" || (header ?? "").split(",").some((one) => one.trim().replace(/^W\//, "") === tag);
}

/** Says the body's tag; true when the caller has it already, and then the answer is 304. */
export function isUnchanged(
  request: Pick<FastifyRequest, "headers">,
  reply: FastifyReply,
  body: object,
): boolean {
  const tag = etagOf(body);
  reply.header("etag", tag).header("cache-control", "private, no-cache");
  if (!names(request.headers["if-none-match"], tag)) return false;
  reply.code(304);
  return true;
}

/** Refuses a change of something that is not any more what the caller read. Without If-Match it was not asked. */
export function demandUnchanged(request: Pick<FastifyRequest, "headers">, body: object): void {
  const wanted = request.headers["if-match"];
  if (wanted !== undefined && !names(wanted, etagOf(body))) throw new Problem("changed-meanwhile");
}
