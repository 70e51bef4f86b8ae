/** What a personal access token may be good for; never more than its member. */
export const allScopes = [
  "clips:read",
  "clips:write",
  "cameras:read",
  "events:read",
  "household:read",
  "audit:read",
  "webhooks:read",
] as const;
export type Scope = (typeof allScopes)[number];

/** The scopes in a stored text. One that this version does not know is good for nothing. */
export function scopesIn(text: string): readonly Scope[] {
  const words = text.split(" ");
  return allScopes.filter((scope) => words.includes(scope));
}
