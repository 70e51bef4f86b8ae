import { isReleaseId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { type CustodyWord, formatCustodyWord, openCustodyWord } from "../../../shared/release/receipt.js";
import { type Hash, isHash } from "../../../shared/seal/hash.js";
import { signNote } from "../../../shared/seal/note.js";
import { fieldsOf } from "../fields.js";
import { openOfficeCloud } from "../office/cloud.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { agreeTo, everyOf, meIn, newestAgreement, signerOf } from "./papers.io.js";
import { type Fetched, fetchedHere, isStillThere, releasesPath, showRelease } from "./releases.io.js";

export type Word = Pick<CustodyWord, "act" | "ground">;

const questions: Readonly<Record<Word["act"], string>> = {
  received: "Sign that the agency has this release, and that it verified?",
  disposed: "Sign that every copy of this release is destroyed, backups and prints too?",
  retained: "Sign that the agency retains this release under this order? The public record says so.",
};

/** An officer's signed word on what became of a release. */
export async function giveWord(
  folder: string,
  id: string,
  { act, ground }: Word,
  terminal: Terminal,
  clock: Clock = systemClock,
): Promise<void> {
  if (!isReleaseId(id)) throw new Refused(`${id} is no release's id. See: lintel agency releases`);
  const cloud = openOfficeCloud(folder, "agency");
  const { agency, officers } = await newestAgreement(cloud);
  meIn({ officers }, cloud.profile);
  const fetched = fetchedHere(folder, id);
  if (act === "received" && fetched === undefined)
    throw new Refused(`It was not fetched on this computer: lintel agency fetch ${id} --out FILE`);
  if (act === "disposed" && fetched !== undefined) refuseCopy(fetched);
  const sealed = fetched?.package ?? (await packageOf(folder, id));
  const text = formatCustodyWord({
    ...{ release: id, agency, act, package: sealed, ground, at: clock.wall() },
  });
  await agreeTo(text, questions[act], terminal);
  const note = signNote(text, [signerOf(cloud.profile)]);
  const word = openCustodyWord(note, officers);
  if (!word.ok) throw new Refused(sentenceOf(word.error));
  const path = `${releasesPath}/${id}/word`;
  showRelease(fieldsOf(await cloud.call({ method: "POST", path, body: { note } }), path), terminal);
}

function refuseCopy(fetched: Fetched): void {
  if (isStillThere(fetched))
    throw new Refused(`${fetched.out} is still there. Destroy it and every copy first; then say so.`);
}

/** Of one that another of the agency's computers fetched. */
async function packageOf(folder: string, id: string): Promise<Hash> {
  const all = await everyOf(openOfficeCloud(folder, "agency"), releasesPath, "releases", (release) => ({
    ...{ id: release.text("id"), sealed: release.maybeText("package") },
  }));
  const found = all.find((release) => release.id === id)?.sealed;
  if (found !== undefined && isHash(found)) return found;
  throw new Refused(`Nothing was released to the agency as ${id}. See: lintel agency releases`);
}
