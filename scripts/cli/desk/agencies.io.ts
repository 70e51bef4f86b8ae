import { type OpenedAgreement, openAgreementChain } from "../../../shared/release/agreement.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { textOf } from "../../../shared/seal/note.js";
import { everyOf } from "../agency/papers.io.js";
import { paperSentence } from "../agency/sentences.js";
import { type Fields, fieldsOf } from "../fields.js";
import { type OfficeCloud, openOfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";

// What operators decide about agencies. Each decision but a refusal takes two of them, and stands in the public log.

const path = "/operator/v1/agencies";

/** Agencies as operators see them, newest id first. */
export async function agencyList(
  folder: string,
  { state }: { readonly state?: string },
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const wanted = state === undefined ? path : `${path}?state=${encodeURIComponent(state)}`;
  const agencies = await everyOf(cloud, wanted, "agencies", (agency) => show(agency, terminal));
  if (agencies.length === 0)
    terminal.say(
      state === undefined ? "No agency has applied yet." : `No agency is in the state "${state}".`,
    );
}

/** Shows the agreement and the number to call back, asks, and says the operator's word. */
export async function agencyDecide(
  folder: string,
  id: string,
  decision: "vet" | "reject",
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const { note, agreement, terms } = await agreementAt(cloud, id);
  for (const line of textOf(note).trimEnd().split("\n")) terminal.warn(`  ${line}`);
  terminal.warn("Its terms:");
  for (const line of terms.trimEnd().split("\n")) terminal.warn(`  ${line}`);
  terminal.warn(
    `Look up ${agreement.name} in the public registry, compare the number (${agreement.phone}), and call it back before you answer.`,
  );
  const question =
    decision === "vet"
      ? `Have you called ${agreement.name} back, and is the agreement what it says?`
      : `Turn ${agreement.name} down? It is not an agency then, and the public record says so.`;
  if (!(await terminal.agreed(question))) throw new Refused("Nothing was decided.");
  const wanted = `${path}/${encodeURIComponent(id)}/${decision}`;
  const answer = fieldsOf(await cloud.call({ method: "POST", path: wanted }), wanted);
  show(answer, terminal);
  if (decision === "vet" && answer.text("state") === "applied")
    terminal.warn(`Another operator must say the same: lintel operator vet ${id}`);
}

/** Proposes, or seconds, what becomes of an agency. */
export async function agencySentence(
  folder: string,
  id: string,
  to: string,
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const { agreement } = await agreementAt(cloud, id);
  const question = `Shall ${agreement.name} (${id}) be ${to}? The public log names it once two operators say so.`;
  if (!(await terminal.agreed(question))) throw new Refused("Nothing was decided.");
  const wanted = `${path}/${encodeURIComponent(id)}/sentence`;
  const answer = fieldsOf(await cloud.call({ method: "POST", path: wanted, body: { to } }), wanted);
  show(answer, terminal);
  if (answer.text("state") !== to)
    terminal.warn(`Another operator must say the same: lintel operator sentence ${id} --to ${to}`);
}

/** The agency's newest agreement, out of a chain that holds. */
export async function agreementAt(
  cloud: OfficeCloud,
  id: string,
): Promise<{ readonly note: string; readonly agreement: OpenedAgreement; readonly terms: string }> {
  const answer = await cloud.get(`/public/v1/agencies/${encodeURIComponent(id)}`);
  const notes = answer.texts("agreements").flatMap((note) => note ?? []);
  const chain = openAgreementChain(notes);
  const [note, agreement] = [notes.at(-1), chain.ok ? chain.value.at(-1) : undefined];
  const terms = answer.text("terms");
  if (note !== undefined && agreement?.agency === id && agreement.terms === hashOfText(terms))
    return { note, agreement, terms };
  const why = chain.ok ? "it is another agency's, or its terms are another text" : paperSentence(chain.error);
  throw new Refused(`The agreement that the cloud keeps of ${id} does not hold (${why}). Decide nothing.`);
}

function show(agency: Fields, terminal: Terminal): void {
  const [id, name, state] = [agency.text("id"), agency.text("name"), agency.text("state")];
  const [phone, until] = [agency.maybeText("phone"), agency.maybeText("until")];
  const proposed = agency.maybe("proposed", (one) => ({ to: one.text("to"), by: one.text("by") }));
  terminal.json({ id, name, state, phone, until, proposed });
  const more = [phone, until && `until ${until}`, proposed && `${proposed.by} proposes ${proposed.to}`];
  terminal.say([id, name, state, ...more.filter((word) => word !== undefined)].join("  "));
}
