import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";

/** A route's `config` that limits how often one address may call it. */
export interface RateLimit {
  readonly rateLimit: { readonly max: number; readonly timeWindow: number };
}

/** Addresses that are counted at a time; they stay in memory only and are never logged. */
const addressesMax = 10_000;
const minuteMillis = 60_000;

export async function addRateLimit(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, { global: false, cache: addressesMax });
}

export function perMinute(max: number): RateLimit {
  return { rateLimit: { max, timeWindow: minuteMillis } };
}
