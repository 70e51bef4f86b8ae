import { equal } from "../../../shared/kernel/bytes.js";
import { newRequestId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { utcText } from "../../../shared/kernel/utc.js";
import { type OpenedAgreement, officerVerifier } from "../../../shared/release/agreement.js";
import { faultSentence } from "../../../shared/release/faults.js";
import { floorPolicy } from "../../../shared/release/floor.js";
import { noticeOf } from "../../../shared/release/notice.js";
import {
  type AssistanceRequest,
  faultsOf,
  formatRequest,
  openRequest,
  parseRequest,
} from "../../../shared/release/request.js";
import { newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { cosign, openNote, signNote, textOf } from "../../../shared/seal/note.js";
import { readNamed, refuseUnwritable, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf } from "../fields.js";
import { type OfficeCloud, openOfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { agreementToAsk, agreeTo, everyOf, meIn, newestAgreement, signerOf } from "./papers.io.js";
import { keepRequestKey } from "./requestkeys.io.js";
import { paperSentence } from "./sentences.js";

const path = "/agency/v1/requests";

export interface RequestWish
  extends Pick<AssistanceRequest, "file" | "category" | "statute" | "happened" | "from" | "to" | "area"> {
  readonly out: string;
}

/** Writes a request, makes its own key, and signs it. What breaks a rule is said before anything is signed. */
export async function requestNew(
  folder: string,
  { out, ...wish }: RequestWish,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const agreement = await agreementToAsk(cloud);
  meIn(agreement, cloud.profile);
  refuseUnwritable(out);
  const [now, identity] = [clock.wall(), await newIdentity()];
  const text = formatRequest({
    ...{ ...wish, id: newRequestId(now, systemRandom), agency: agreement.agency, agreement: agreement.hash },
    ...{ recipient: await recipientOf(identity), submitted: now },
  });
  const request = parsed(text);
  refuseFaults(request, agreement);
  await agreeTo(shown(text, agreement), "Sign this request?", terminal);
  // Power lost between these: a key to a request that nobody signed. Never the other way round.
  keepRequestKey(folder, request.id, identity);
  writeDurably(out, signNote(text, [signerOf(cloud.profile)]), 0o644);
  terminal.json({ request: request.id, file: out });
  terminal.say(`Request ${request.id} is signed, in ${out}`);
  terminal.warn(
    `Only this computer has the key to what is released for it. Within an hour a supervisor cosigns it (lintel agency request cosign ${out}), then: lintel agency request submit ${out}`,
  );
}

/** The second person's signature: one of the two is a supervisor. */
export async function requestCosign(folder: string, file: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const agreement = await agreementToAsk(cloud);
  const me = meIn(agreement, cloud.profile);
  const note = readNamed(file, "cosign");
  const text = textOf(note);
  const request = parsed(text);
  if (request.agreement !== agreement.hash) throw new Refused(paperSentence({ kind: "other-agreement" }));
  const before = openNote(note, agreement.officers.map(officerVerifier));
  if (!before.ok) throw new Refused(paperSentence(before.error));
  if (before.value.signers.some(({ publicKey }) => equal(publicKey, me.noteKey)))
    throw new Refused("You have signed this request already. The second signature is somebody else's.");
  refuseFaults(request, agreement);
  const names = agreement.officers.filter(({ noteKey }) =>
    before.value.signers.some(({ publicKey }) => equal(publicKey, noteKey)),
  );
  if (me.role !== "supervisor" && !names.some(({ role }) => role === "supervisor"))
    throw new Refused(
      "You are an officer, and so is whoever signed it. A supervisor must be one of the two.",
    );
  terminal.warn(`Signed by ${names.map(({ name, role }) => `${name} (${role})`).join(", ")}:`);
  await agreeTo(shown(text, agreement), "Cosign this request?", terminal);
  // Power lost before this: it has the first signature only, and is cosigned again.
  writeDurably(file, cosign(note, signerOf(cloud.profile)), 0o644);
  terminal.json({ request: request.id, file });
  terminal.say(`Request ${request.id} is cosigned, in ${file}`);
}

/** Hands a request in that two have signed. */
export async function requestSubmit(folder: string, file: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const note = readNamed(file, "submit");
  const request = openRequest(note, await newestAgreement(cloud));
  if (!request.ok) throw new Refused(paperSentence(request.error));
  const answer = await cloud.call({ method: "POST", path, body: { note }, repeatable: true });
  show(fieldsOf(answer, path), terminal);
  terminal.warn("A moderator looks at it; then it is public for good, and open for 7 days at most.");
}

/** The agency's requests, newest first. */
export async function requestList(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const shownOnes = await everyOf(cloud, path, "requests", (request) => show(request, terminal));
  if (shownOnes.length === 0) terminal.say("The agency has not asked for anything yet.");
}

export type RequestEnd = "resolve" | "withdraw";

export async function requestEnd(
  folder: string,
  id: string,
  end: RequestEnd,
  terminal: Terminal,
): Promise<void> {
  await step(openOfficeCloud(folder, "agency"), `${path}/${encodeURIComponent(id)}/${end}`, {}, terminal);
}

/** Says in public what was wrong with a request; the request stays as it was. */
export async function requestErratum(
  folder: string,
  id: string,
  what: string,
  terminal: Terminal,
): Promise<void> {
  const wanted = `${path}/${encodeURIComponent(id)}/errata`;
  await step(openOfficeCloud(folder, "agency"), wanted, { body: { what } }, terminal);
}

async function step(
  cloud: OfficeCloud,
  wanted: string,
  body: { readonly body?: object },
  terminal: Terminal,
): Promise<void> {
  show(fieldsOf(await cloud.call({ method: "POST", path: wanted, ...body }), wanted), terminal);
}

/** The text that is signed, and what each household will read of it. */
function shown(text: string, agreement: OpenedAgreement): string {
  return `${text}\nHouseholds will read:\n${noticeOf(parsed(text), agreement, "en")}\n`;
}

function parsed(text: string): AssistanceRequest {
  const request = parseRequest(text);
  if (request.ok) return request.value;
  throw new Refused(paperSentence(request.error));
}

function refuseFaults(request: AssistanceRequest, agreement: OpenedAgreement): void {
  const faults = faultsOf(request, agreement, floorPolicy);
  if (faults.length > 0)
    throw new Refused(`The rules forbid this request. ${faults.map(faultSentence).join(" ")}`);
}

function show(answer: Fields, terminal: Terminal): void {
  const [id, state, until] = [answer.text("id"), answer.text("state"), answer.maybeText("until")];
  const rejection = answer.maybeText("rejection");
  const errataOf = answer.texts("errata").flatMap((what) => what ?? []);
  const { file, category, from, to } = parsed(textOf(answer.text("note")));
  const window = { from: utcText(from), to: utcText(to) };
  terminal.json({ id, state, file, category, ...window, until, rejection, errata: errataOf });
  const more = [rejection, ...errataOf, until && `until ${until}`].filter((word) => word !== undefined);
  terminal.say([id, state, file, category, `${window.from} to ${window.to}`, ...more].join("  "));
}
