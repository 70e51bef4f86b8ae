import type { Scope } from "../household/scopes.js";

/**
 * What a personal access token must be good for at a route, by its method and address. A route that is not here is for
 * signed-in members only: what changes the household, its charter, its sessions or its tokens.
 */
const scopeOfRoute: Readonly<Record<string, Scope>> = {
  "GET /v1/clips": "clips:read",
  "GET /v1/clips/:clip": "clips:read",
  "GET /v1/clips/:clip/segments/:index": "clips:read",
  "GET /v1/clips/:clip/evidence": "clips:read",
  "GET /v1/clips/:clip/thumbnail": "clips:read",
  "PUT /v1/clips/:clip/keep": "clips:write",
  "DELETE /v1/clips/:clip/keep": "clips:write",
  "DELETE /v1/clips/:clip": "clips:write",
  "GET /v1/cameras": "cameras:read",
  "GET /v1/cameras/:camera": "cameras:read",
  "GET /v1/cameras/:camera/keys": "cameras:read",
  "GET /v1/cameras/:camera/renewal": "cameras:read",
  "GET /v1/events": "events:read",
  "GET /v1/stream": "events:read",
  "GET /v1/household": "household:read",
  "GET /v1/members": "household:read",
  "GET /v1/household/retention": "household:read",
  "GET /v1/audit": "audit:read",
  "GET /v1/webhooks": "webhooks:read",
  "GET /v1/webhooks/:webhook/deliveries": "webhooks:read",
};

/** `undefined` where no token is let in. */
export function scopeOf(method: string, url: string | undefined): Scope | undefined {
  return scopeOfRoute[`${method === "HEAD" ? "GET" : method} ${url ?? ""}`];
}
