import {
  type Officer,
  type OpenedAgreement,
  officerKeyName,
  openAgreementChain,
} from "../../../shared/release/agreement.js";
import { publicOfficeKeys } from "../../../shared/release/officekeys.js";
import type { Signer } from "../../../shared/seal/note.js";
import type { Fields } from "../fields.js";
import type { OfficeCloud } from "../office/cloud.io.js";
import type { OfficeProfile } from "../office/profile.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { paperSentence } from "./sentences.js";

// What every command of an officer needs: the agreement in force, their own signature, lists page by page.

const pageMax = 200;

export function signerOf({ keys }: OfficeProfile): Signer {
  return { name: officerKeyName(publicOfficeKeys(keys).id), secretKey: keys.noteSecret };
}

/** Shows the whole text, on stderr so that it is seen with `--json` too, and refuses unless it is agreed to. */
export async function agreeTo(text: string, question: string, terminal: Terminal): Promise<void> {
  for (const line of text.trimEnd().split("\n")) terminal.warn(`  ${line}`);
  if (!(await terminal.agreed(question))) throw new Refused("Nothing was signed or sent.");
}

export async function newestAgreement(cloud: OfficeCloud): Promise<OpenedAgreement> {
  return (await agreementAndTerms(cloud)).agreement;
}

/** The newest agreement, of an agency that may ask now. Throws `Refused` before it may, and when it may not any more. */
export async function agreementToAsk(cloud: OfficeCloud): Promise<OpenedAgreement> {
  const { agreement, state, until } = await agreementAndTerms(cloud);
  if (state === "active" || state === "probation") return agreement;
  const from = state === "public" && until !== undefined ? ` It may from ${until} on.` : "";
  throw new Refused(
    `The agency may not ask for anything: in the public record it is "${state}".${from} Nothing was signed.`,
  );
}

/**
 * The agency's newest agreement, opened from the first on: the cloud cannot show one that no supervisor signed. With the text of its
 * terms.
 */
export async function agreementAndTerms(cloud: OfficeCloud): Promise<{
  readonly agreement: OpenedAgreement;
  readonly terms: string;
  readonly state: string;
  readonly until?: string | undefined;
}> {
  const office = officeOf(cloud);
  const answer = await cloud.get(`/public/v1/agencies/${office}`);
  const notes = answer.texts("agreements").flatMap((note) => note ?? []);
  const chain = openAgreementChain(notes);
  const newest = chain.ok ? chain.value.at(-1) : undefined;
  if (newest?.agency === office)
    return {
      agreement: newest,
      terms: answer.text("terms"),
      state: answer.text("state"),
      until: answer.maybeText("until"),
    };
  const why = chain.ok ? "it is another agency's" : paperSentence(chain.error);
  throw new Refused(
    `The agreement that the cloud shows does not hold (${why}). Sign nothing; ask its operator.`,
  );
}

function officeOf({ profile }: OfficeCloud): string {
  return profile.workplace?.office ?? "";
}

/** Whoever uses this profile, as the agreement has them. */
export function meIn({ officers }: Pick<OpenedAgreement, "officers">, { keys }: OfficeProfile): Officer {
  const { id } = publicOfficeKeys(keys);
  const me = officers.find((officer) => officer.id === id);
  if (me !== undefined) return me;
  throw new Refused(
    `The agency's newest agreement does not name your key (${id}). What is signed with it counts no more, earlier requests' papers included: a supervisor may add it again by "lintel agency amend --add LINE".`,
  );
}

/** All of a list, page after page. */
export async function everyOf<T>(
  cloud: OfficeCloud,
  path: string,
  name: string,
  read: (item: Fields) => T,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const mark: string = path.includes("?") ? "&" : "?";
    const cursor: string = next === "" ? "" : `&cursor=${next}`;
    const page: Fields = await cloud.get(`${path}${mark}limit=${pageMax}${cursor}`);
    all.push(...page.list(name, read));
    next = page.maybeText("next");
  }
  return all;
}
