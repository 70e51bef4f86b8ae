import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, preHandlerAsyncHookHandler } from "fastify";
import { Problem } from "../problems.js";

/** A route's `config` that limits how often one address may call it. */
export interface RateLimit {
  readonly rateLimit: { readonly max: number; readonly timeWindow: number };
}

/** How much of a kind may be made in an hour: by one address, of IPv6 by one /64, and by all together. */
export interface HourlyBudget {
  readonly perAddress: number;
  readonly total: number;
}

/** Addresses that are counted at a time; they stay in memory only and are never logged. */
const addressesMax = 10_000;
const minuteMillis = 60_000;
const hourMillis = 60 * minuteMillis;

export async function addRateLimit(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, { global: false, cache: addressesMax });
}

export function perMinute(max: number): RateLimit {
  return { rateLimit: { max, timeWindow: minuteMillis } };
}

/**
 * For a route's `preHandler`: what is well-formed spends from a budget of that route alone. An address that has spent its own
 * takes nothing from the others'. The newest 5,000 addresses are remembered; the total holds for the rest.
 */
export function spending(
  app: FastifyInstance,
  { perAddress, total }: HourlyBudget,
): preHandlerAsyncHookHandler {
  const byAddress = app.createRateLimit({ max: perAddress, timeWindow: hourMillis });
  const byAll = app.createRateLimit({ max: total, timeWindow: hourMillis, keyGenerator: () => "all" });
  return async (request, reply) => {
    for (const spend of [byAddress, byAll]) {
      const spent = await spend(request);
      if (spent.isAllowed || !spent.isExceeded) continue;
      reply.header("retry-after", spent.ttlInSeconds);
      throw new Problem("too-many-requests");
    }
  };
}
