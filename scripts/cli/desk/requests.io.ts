import { utcText } from "../../../shared/kernel/utc.js";
import { squareMetres } from "../../../shared/release/area.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { type AssistanceRequest, openRequest, parseRequest } from "../../../shared/release/request.js";
import { textOf } from "../../../shared/seal/note.js";
import { everyOf } from "../agency/papers.io.js";
import { paperSentence } from "../agency/sentences.js";
import { type Fields, fieldsOf } from "../fields.js";
import { openOfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { agreementAt } from "./agencies.io.js";

// What a moderator decides about requests: a person, and not of the agency that asks.

const path = "/operator/v1/requests";

export async function requestQueue(
  folder: string,
  { state = "review" }: { readonly state?: string },
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const wanted = `${path}?state=${encodeURIComponent(state)}`;
  const requests = await everyOf(cloud, wanted, "requests", (request) => show(request, terminal));
  if (requests.length === 0) terminal.say(`No request is in the state "${state}".`);
}

export type Moderation =
  | { readonly act: "approve" }
  /** One of the closed list: the reason is public. */
  | { readonly act: "reject"; readonly why: string };

/** Shows a request as households would read it, asks, and publishes it or turns it down. */
export async function requestModerate(
  folder: string,
  id: string,
  moderation: Moderation,
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const waiting = await everyOf(cloud, `${path}?state=review`, "requests", (request) => ({
    ...{ id: request.text("id"), agency: request.text("agency"), note: request.text("note") },
  }));
  const found = waiting.find((request) => request.id === id);
  if (found === undefined)
    throw new Refused(`No request ${id} waits for a moderator. See: lintel operator requests`);
  const { agreement } = await agreementAt(cloud, found.agency);
  const request = openRequest(found.note, agreement);
  if (!request.ok) throw new Refused(`Request ${id} does not hold. ${paperSentence(request.error)}`);
  for (const line of factsOf(request.value)) terminal.warn(`  ${line}`);
  terminal.warn("As a household would read it:");
  for (const language of ["en", "fr"] as const)
    terminal.warn(`  ${noticeOf(request.value, agreement, language)}`);
  const question =
    moderation.act === "approve"
      ? `Publish this request of ${agreement.name}? It is public for good.`
      : `Turn this request of ${agreement.name} down (${moderation.why})? The public record says so.`;
  if (!(await terminal.agreed(question))) throw new Refused("Nothing was decided.");
  const wanted = `${path}/${encodeURIComponent(id)}/${moderation.act}`;
  const body = moderation.act === "reject" ? { body: { why: moderation.why } } : {};
  show(fieldsOf(await cloud.call({ method: "POST", path: wanted, ...body }), wanted), terminal);
}

function factsOf({ agency, file, category, statute, area, from, to, happened }: AssistanceRequest) {
  return [
    `agency ${agency}, file ${file}`,
    `about ${category}${statute === "none" ? "" : ` (${statute})`}, happened ${utcText(happened)}`,
    `window ${utcText(from)} to ${utcText(to)}`,
    `area ${(squareMetres(area) / 10_000).toFixed(1)} hectares`,
  ];
}

function show(answer: Fields, terminal: Terminal): void {
  const [id, agency, state] = [answer.text("id"), answer.text("agency"), answer.text("state")];
  const [until, rejection] = [answer.maybeText("until"), answer.maybeText("rejection")];
  const request = parseRequest(textOf(answer.text("note")));
  if (!request.ok) throw new Refused(`Request ${id} does not hold. ${paperSentence(request.error)}`);
  const { file, category } = request.value;
  terminal.json({ id, agency, state, file, category, until, rejection });
  const more = [rejection, until && `until ${until}`].filter((word) => word !== undefined);
  terminal.say([id, state, `agency ${agency}`, file, category, ...more].join("  "));
}
