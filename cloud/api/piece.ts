import { Problem } from "./problems.js";

/** A body that is bytes as they are. Throws the 415 for one that was parsed as something else. */
export function bytesIn(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  // Fastify parses no empty body.
  if (body === null || body === undefined) return new Uint8Array();
  throw new Problem("unsupported-media-type");
}
