import { agencyIdOf } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { utcText } from "../../../shared/kernel/utc.js";
import {
  type Agreement,
  bindsAsBefore,
  formatAgreement,
  type Officer,
  type OpenedAgreement,
  openFirstAgreement,
  openNextAgreement,
} from "../../../shared/release/agreement.js";
import { publicOfficeKeys } from "../../../shared/release/officekeys.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import { readNamed, refuseUnwritable, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf } from "../fields.js";
import { call } from "../http.io.js";
import { originOf, trustedCa } from "../member/trust.io.js";
import { openOfficeCloud } from "../office/cloud.io.js";
import { needOfficeProfile } from "../office/profile.io.js";
import { Refused } from "../refused.js";
import { takingPart } from "../takingpart.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { agreementAndTerms, agreeTo, meIn, newestAgreement, signerOf } from "./papers.io.js";
import { paperSentence } from "./sentences.js";

export interface AgreementWish
  extends Pick<Agreement, "name" | "kind" | "jurisdiction" | "territory" | "phone"> {
  /** The file with the terms, word by word as released packages will hold them. */
  readonly terms: string;
  readonly officer: readonly Officer[];
  readonly out: string;
}

/** Writes and signs a body's first agreement. Whoever signs founds its record: the agency's id is that of their key. */
export async function agreementNew(
  folder: string,
  { officer: officers, terms, out, ...wish }: AgreementWish,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const profile = needOfficeProfile(folder, "agency");
  const { id, noteKey } = publicOfficeKeys(profile.keys);
  if (!officers.some((officer) => officer.id === id && officer.role === "supervisor"))
    throw new Refused(
      'Your own line must stand among --officer, as a supervisor\'s: "lintel agency init --role supervisor" shows it.',
    );
  refuseUnwritable(out);
  const text = formatAgreement({
    ...{ agency: agencyIdOf(noteKey), version: 1, previous: "none", issued: clock.wall() },
    ...{ ...wish, terms: hashOfText(readNamed(terms, "--terms")), officers },
  });
  await agreeTo(text, "Sign this agreement? It will be public for good.", terminal);
  const note = signNote(text, [signerOf(profile)]);
  const agreement = opened(openFirstAgreement(note));
  // Power lost before this: nothing was signed for anybody to see.
  writeDurably(out, note, 0o644);
  terminal.json({ agency: agreement.agency, agreement: agreement.hash, file: out });
  terminal.say(`${agreement.name} (${agreement.agency}): signed, in ${out}`);
  terminal.warn(`Hand it in to a cloud: lintel agency apply ${out} --terms FILE --cloud URL`);
}

export interface ApplyOptions {
  readonly cloud: string;
  /** The file with the terms that the agreement names: they become public with it. */
  readonly terms: string;
  readonly caHash?: string;
}

/** Hands a first agreement in. Whoever has the signed file may: it is its supervisor's signature that counts. */
export async function agreementApply(
  file: string,
  { cloud, caHash, terms: termsFile }: ApplyOptions,
  terminal: Terminal,
): Promise<void> {
  const note = readNamed(file, "apply");
  const { name, agency, terms: agreed } = opened(openFirstAgreement(note));
  const terms = readNamed(termsFile, "--terms");
  if (hashOfText(terms) !== agreed)
    throw new Refused(`${termsFile} is not the text of the terms that the agreement names.`);
  const url = originOf(cloud);
  await agreeTo(
    textOf(note),
    `Apply at ${url} as ${name}? From then on it is in the public record.`,
    terminal,
  );
  const path = "/agency/v1/agreements";
  const server = { url, ca: await trustedCa({ url }, caHash) };
  const answer = await takingPart(
    call(server, { method: "POST", path, body: { note, terms }, repeatable: true }),
  );
  show(fieldsOf(answer, path), terminal);
  terminal.warn(
    `Two operators call back and look at it; then the public does, for 30 days. Sign in when they have: lintel agency login --cloud ${url} --agency ${agency}`,
  );
}

export interface AmendWish extends Partial<Pick<Agreement, "name" | "territory" | "phone">> {
  readonly terms?: string;
  readonly add?: readonly Officer[];
  /** Ids of officers. */
  readonly remove?: readonly string[];
}

/** Signs the agreement's next version and hands it in. */
export async function agreementAmend(
  folder: string,
  wish: AmendWish,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const { agreement: current, terms: before } = await agreementAndTerms(cloud);
  if (meIn(current, cloud.profile).role !== "supervisor")
    throw new Refused("An agreement is changed by one of its supervisors.");
  if (Object.keys(wish).length === 0)
    throw new Refused("Say what changes: lintel agency amend --help shows what can.");
  const terms = wish.terms === undefined ? before : readNamed(wish.terms, "--terms");
  const next = amended(current, { ...wish, terms }, clock);
  terminal.warn(
    bindsAsBefore(current, next)
      ? "Only people or the telephone number change: it counts at once; but whom it names new is one of the two who ask only after 30 days."
      : "Its terms change: two operators must vet it, and the public must see it for 30 days. Until then the agency asks nothing, and its open requests end.",
  );
  const text = formatAgreement(next);
  await agreeTo(text, "Sign and hand in this version? It will be public for good.", terminal);
  const note = signNote(text, [signerOf(cloud.profile)]);
  opened(openNextAgreement(current, note));
  const path = "/agency/v1/agreement";
  show(fieldsOf(await cloud.call({ method: "PUT", path, body: { note, terms } }), path), terminal);
}

/** `terms` is their text. */
function amended(
  current: OpenedAgreement,
  wish: AmendWish & { readonly terms: string },
  clock: Clock,
): Agreement {
  const { add = [], remove = [], terms, ...changes } = wish;
  const strange = remove.find((id) => !current.officers.some((officer) => officer.id === id));
  if (strange !== undefined)
    throw new Refused(`The agreement names no officer ${strange}. See: lintel agency agreement show`);
  const { hash: previous, ...before } = current;
  return {
    ...{ ...before, ...changes, version: current.version + 1, previous, issued: clock.wall() },
    terms: hashOfText(terms),
    officers: [...current.officers.filter(({ id }) => !remove.includes(id)), ...add],
  };
}

/** The agreement as it stands, and who speaks for the agency by it. */
export async function agreementShow(folder: string, terminal: Terminal): Promise<void> {
  const { agency, version, name, officers, phone, issued } = await newestAgreement(
    openOfficeCloud(folder, "agency"),
  );
  terminal.json({
    ...{ agency, version, name, phone, issued: utcText(issued) },
    officers: officers.map(({ id, role, name: who }) => ({ id, role, name: who })),
  });
  terminal.say(`${name} (${agency}), version ${version} of ${utcText(issued)}, ${phone}`);
  for (const { id, role, name: who } of officers) terminal.say(`  ${id}  ${role}  ${who}`);
}

/** A supervisor's yearly word that the agreement holds. */
export async function agreementAttest(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const { name } = await newestAgreement(cloud);
  const question = `Do you attest for ${name} that its agreement holds for another year?`;
  if (!(await terminal.agreed(question))) throw new Refused("Nothing was attested.");
  await cloud.call({ method: "POST", path: "/agency/v1/attestation" });
  terminal.json({ attested: true });
  terminal.say(`${name}: attested for another year.`);
}

/** Ends everything of the agency at once: there is no way back. */
export async function agreementLostKey(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  const { name } = await newestAgreement(cloud);
  const question = `Report a lost key of ${name}? All its keys end now, its requests are frozen, what lies ready for it is destroyed. It must apply anew.`;
  if (!(await terminal.agreed(question))) throw new Refused("Nothing was reported.");
  await cloud.call({ method: "POST", path: "/agency/v1/lost-key" });
  terminal.json({ reported: true });
  terminal.say(
    `${name}: reported. Nobody signs in for it any more; the public record says that it is compromised.`,
  );
}

function opened(agreement: ReturnType<typeof openFirstAgreement>): OpenedAgreement {
  if (agreement.ok) return agreement.value;
  throw new Refused(paperSentence(agreement.error));
}

function show(answer: Fields, terminal: Terminal): void {
  const [agency, state, name] = [answer.text("id"), answer.text("state"), answer.text("name")];
  const until = answer.maybeText("until");
  terminal.json({ agency, state, name, until });
  terminal.say(`${name} (${agency}): ${state}${until === undefined ? "" : ` until ${until}`}`);
}
