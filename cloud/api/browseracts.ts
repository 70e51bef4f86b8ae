/**
 * What an officer or operator may do in a browser, by method and address. A page comes from whoever serves it, and words can be
 * phished: there one may look, say no, and agree to what another person's own key began. A route that is not here takes the own
 * key: what begins something, what lets somebody alone decide, what hands anything over.
 */
const acts: ReadonlySet<string> = new Set([
  ...["agency", "operator"].flatMap((side) => [
    `GET /${side}/v1/me`,
    `DELETE /${side}/v1/session`,
    `DELETE /${side}/v1/sessions`,
    `GET /${side}/v1/passkeys`,
    `DELETE /${side}/v1/passkeys/:passkey`,
    `GET /${side}/v1/passphrase`,
    `DELETE /${side}/v1/passphrase`,
  ]),
  // An officer looks; and whose key is lost can say so without it.
  "GET /agency/v1/requests",
  "GET /agency/v1/releases",
  "GET /agency/v1/preservations",
  "GET /agency/v1/processes",
  "GET /agency/v1/emergencies",
  "POST /agency/v1/lost-key",
  // An operator looks.
  "GET /operator/v1/queue",
  "GET /operator/v1/accesses",
  "GET /operator/v1/agencies",
  "GET /operator/v1/requests",
  "GET /operator/v1/releases",
  "GET /operator/v1/preservations",
  "GET /operator/v1/processes",
  "GET /operator/v1/emergencies",
  "GET /operator/v1/pressures",
  // They say no.
  "POST /operator/v1/requests/:request/reject",
  "POST /operator/v1/agencies/:agency/reject",
  "POST /operator/v1/accesses/:access/end",
  // They answer another operator. Where one route takes both words, it asks for the key by itself when this is the first.
  "POST /operator/v1/accesses/:access/answer",
  "POST /operator/v1/accesses/:access/review",
  "POST /operator/v1/agencies/:agency/vet",
  "POST /operator/v1/agencies/:agency/sentence",
  "POST /operator/v1/releases/:release/review",
  "POST /operator/v1/processes/:process/answer",
  "POST /operator/v1/emergencies/:emergency/answer",
  "POST /operator/v1/pressures/:pressure/finding",
]);

export function mayInBrowser(method: string, url: string | undefined): boolean {
  return acts.has(`${method === "HEAD" ? "GET" : method} ${url ?? ""}`);
}
