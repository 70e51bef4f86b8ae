import { call } from "./testcalls.js";
import type { TestCloud } from "./testing.js";

// The table of every member's route, for the tests that ask all of them.

export const unknownClip = "01999999-9999-7999-8999-999999999999";
export const unknownHook = "11111111-1111-4111-8111-111111111111";
export const unknownKey = "aaaaaaaaaaaaaaaa";

const releaseRoutes = (release: string) =>
  [
    ["GET", "/v1/household/state"],
    ["PUT", "/v1/household/state"],
    ["GET", "/v1/household/emergencies"],
    ["PUT", "/v1/household/word"],
    ["GET", "/v1/household/words"],
    ["GET", "/v1/household/contacts-state"],
    ["PUT", "/v1/household/contacts-state"],
    ["POST", "/v1/releases"],
    ["GET", "/v1/releases"],
    ["GET", `/v1/releases/${release}`],
    ["PUT", `/v1/releases/${release}/pieces/0`],
    ["POST", `/v1/releases/${release}/escrow`],
    ["POST", `/v1/releases/${release}/withdraw`],
  ] as const;

/** What owners see of operators and orders, and what members tell the review board. */
const aboutOthers = [
  ["GET", "/v1/household/accesses"],
  ["GET", "/v1/household/notices"],
  ["GET", "/v1/board"],
  ["GET", "/v1/household/pressures"],
  ["POST", "/v1/household/pressures"],
] as const;

/** Every member's route, with ids that fit. */
export const memberRoutes = (
  camera: string,
  clip: string,
  claim: string,
  session: string,
  token: string,
  hook = unknownHook,
  passkey = unknownKey,
  share = unknownKey,
  invitation = unknownKey,
  release = unknownClip,
) =>
  [
    ...aboutOthers,
    ["GET", "/v1/household"],
    ["DELETE", "/v1/household"],
    ["PUT", "/v1/household/charter"],
    ["GET", "/v1/members"],
    ["POST", "/v1/invitations"],
    ["GET", "/v1/invitations"],
    ["DELETE", `/v1/invitations/${invitation}`],
    ["GET", "/v1/recovery"],
    ["PUT", "/v1/recovery"],
    ["DELETE", "/v1/recovery"],
    ["GET", "/v1/household/proposal"],
    ["PUT", "/v1/household/proposal"],
    ["DELETE", "/v1/household/proposal"],
    ["POST", "/v1/claims"],
    ["GET", `/v1/claims/${claim}`],
    ["GET", "/v1/cameras"],
    ["GET", `/v1/cameras/${camera}`],
    ["GET", `/v1/cameras/${camera}/keys`],
    ["PUT", `/v1/cameras/${camera}/mode`],
    ["GET", `/v1/cameras/${camera}/renewal`],
    ["PUT", `/v1/cameras/${camera}/renewal`],
    ["GET", "/v1/clips"],
    ["GET", `/v1/clips/${clip}`],
    ["GET", `/v1/clips/${clip}/segments/0`],
    ["GET", `/v1/clips/${clip}/evidence`],
    ["GET", `/v1/clips/${clip}/thumbnail`],
    ["DELETE", `/v1/clips/${clip}`],
    ["PUT", `/v1/clips/${clip}/keep`],
    ["DELETE", `/v1/clips/${clip}/keep`],
    ["POST", "/v1/shares"],
    ["GET", "/v1/shares"],
    ["DELETE", `/v1/shares/${share}`],
    ["PUT", `/v1/shares/${share}/pieces/0`],
    ...releaseRoutes(release),
    ["GET", "/v1/household/retention"],
    ["PUT", "/v1/household/retention"],
    ["POST", "/v1/webhooks"],
    ["GET", "/v1/webhooks"],
    ["DELETE", `/v1/webhooks/${hook}`],
    ["GET", `/v1/webhooks/${hook}/deliveries`],
    ["POST", `/v1/webhooks/${hook}/test`],
    ["POST", `/v1/webhooks/${hook}/replay`],
    ["GET", "/v1/audit"],
    ["GET", "/v1/events"],
    ["GET", "/v1/stream"],
    ["GET", "/v1/sessions"],
    ["DELETE", "/v1/sessions"],
    ["DELETE", `/v1/sessions/${session}`],
    ["GET", "/v1/passkeys"],
    ["POST", "/v1/passkeys/links"],
    ["DELETE", `/v1/passkeys/${passkey}`],
    ["POST", "/v1/passphrase"],
    ["GET", "/v1/passphrase"],
    ["DELETE", "/v1/passphrase"],
    ["GET", "/v1/tokens"],
    ["POST", "/v1/tokens"],
    ["DELETE", `/v1/tokens/${token}`],
  ] as const;

export type Route = ReturnType<typeof memberRoutes>[number];

/** Every member's route with a body that fits it, so that only who asks decides. */
export async function askAll(cloud: Pick<TestCloud, "app">, wanted: readonly Route[], token: string) {
  const answers = [];
  for (const [method, path] of wanted) {
    const body = bodyFor[path.split("/").at(-1) ?? ""] ?? bodies[`${method} ${path}`];
    answers.push({
      route: `${method} ${path}`,
      ...(await call(cloud, method, path, { token, ...(body && { body }) })),
    });
  }
  return answers;
}
const bodyFor: Readonly<Record<string, object>> = {
  mode: { note: "x" },
  renewal: { answer: "approve" },
  links: { name: "Laptop" },
  withdraw: { note: "x" },
  replay: { since: "2026-01-01T00:00:00.000Z" },
};
export const bodies: Readonly<Record<string, object>> = {
  "PUT /v1/household/charter": { charter: { note: "x", openings: [] } },
  "PUT /v1/recovery": { id: "a".repeat(32), file: "YWdlLWVuY3J5cHRpb24ub3JnL3YxCg==" },
  "PUT /v1/household/proposal": { charter: { note: "x", openings: [] } },
  "POST /v1/claims": {
    claimId: unknownKey,
    charter: `${"A".repeat(43)}=`,
    expiresAt: "2999-01-01T00:00:00.000Z",
  },
  "POST /v1/invitations": { id: unknownKey },
  "POST /v1/tokens": { name: "script", scopes: ["clips:read"], days: 1 },
  "PUT /v1/household/retention": { days: 30 },
  "POST /v1/releases": { authorisation: "x", pieces: 1 },
  "POST /v1/shares": { clip: unknownClip, pieces: 1 },
  "POST /v1/household/pressures": { note: "x", file: `YWdlLWVuY3J5cHRpb24${"A".repeat(2_900)}` },
};
