import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { isLoopback } from "../../config.js";
import type { App } from "../app.js";
import { Problem } from "../problems.js";

/** A number that is asked for when somebody reads the metrics. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly value: () => number | Promise<number>;
}

export interface MetricsOptions {
  readonly measures: readonly Measure[];
  /** The operator's. */
  readonly token?: string | undefined;
  /** Callers' addresses are what a proxy says: no proof that they are on this machine. */
  readonly trustProxy: boolean;
}

/** Prometheus metrics: on this machine for anybody, elsewhere or through a proxy for the bearer of the operator's token. */
export function addMetrics(app: App, { measures, token, trustProxy }: MetricsOptions): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answered = new Histogram({
    name: "lintel_http_seconds",
    help: "Time to answer a request, by route",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const refused = new Counter({
    name: "lintel_http_refused_total",
    help: "Requests answered with a problem, by status",
    labelNames: ["status"],
    registers: [registry],
  });
  for (const { name, help, value } of measures) addGauge(registry, { name, help, value });

  app.addHook("onResponse", async ({ method, routeOptions }, reply) => {
    const status = `${reply.statusCode}`;
    answered.observe({ method, route: routeOptions.url ?? "none", status }, reply.elapsedTime / 1_000);
    if (reply.statusCode >= 400) refused.inc({ status });
  });
  app.get(
    "/metrics",
    {
      schema: {
        operationId: "getMetrics",
        summary: "Prometheus metrics, on this machine or with the operator's token",
        tags: ["operation"],
        produces: ["text/plain"],
      },
    },
    async (request, reply) => {
      const local = !trustProxy && isLoopback(request.ip);
      if (!local && !bears(request, token)) throw new Problem("not-there");
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
}

function addGauge(registry: Registry, { name, help, value }: Measure): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await value());
    },
  });
}

function bears({ headers }: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return false;
  const wanted = Buffer.from(`Bearer ${token}`);
  const found = Buffer.from(headers.authorization ?? "");
  return found.length === wanted.length && timingSafeEqual(found, wanted);
}
