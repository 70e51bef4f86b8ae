import { ownersOf } from "../../../shared/charter/succession.js";
import type { Millis } from "../../../shared/kernel/brand.js";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import type { MemberId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import {
  formatNoes,
  formatWord,
  type OpenedWord,
  openWord,
  parseNoes,
} from "../../../shared/release/ownersword.js";
import { open, seal } from "../../../shared/seal/age.js";
import { type Hash, hashOf } from "../../../shared/seal/hash.js";
import { signNote } from "../../../shared/seal/note.js";
import type { Fields } from "../fields.js";
import { Problem } from "../http.io.js";
import { noteSigner } from "../member/charter.io.js";
import type { Cloud } from "../member/cloud.io.js";
import type { Household } from "../member/household.js";

/** Says that this owner's client is at work and, sealed to owners and contacts, to what they say no: the same call whatever that is. */
export async function giveWord(
  cloud: Cloud,
  { newest }: Household,
  noes: readonly Hash[],
  clock: Clock,
): Promise<void> {
  const readers = newest.members.filter(({ role }) => role === "owner" || role === "contact");
  const recipients = readers.map(({ recipient }) => recipient);
  const file = await seal(formatNoes(noes), recipients);
  const { household } = newest;
  const word = { household, member: cloud.profile.member, at: clock.wall(), sealed: hashOf(file) };
  const note = signNote(formatWord(word), [noteSigner(cloud.profile)]);
  const body = { note, file: toBase64(file) };
  await cloud.call({ method: "PUT", path: "/v1/household/word", body }).catch((error: unknown) => {
    // A newer word of the same owner is there, from another computer of theirs.
    if (!(error instanceof Problem) || error.status !== 412) throw error;
  });
}

/** What an owner's newest word says, once signature, file and text of it have held here. */
export interface HeardWord extends OpenedWord {
  /** As it was signed. */
  readonly note: string;
  readonly noes: readonly Hash[];
}

/** Each owner's newest word that holds; an owner whose word does not hold has none. */
export async function wordsOf(cloud: Cloud, household: Household): Promise<ReadonlyMap<MemberId, HeardWord>> {
  const given = (await cloud.get("/v1/household/words")).list("words", (item: Fields) => ({
    ...{ note: item.text("note"), file: item.text("file") },
  }));
  const heard = new Map<MemberId, HeardWord>();
  for (const one of given) {
    const word = await hear(one, cloud, household);
    if (word !== undefined) heard.set(word.member, word);
  }
  return heard;
}

async function hear(
  { note, file }: { readonly note: string; readonly file: string },
  cloud: Cloud,
  { newest }: Household,
): Promise<HeardWord | undefined> {
  const [word, bytes] = [openWord(note, ownersOf(newest)), fromBase64(file)];
  if (!word.ok || word.value.household !== newest.household || !bytes.ok) return undefined;
  if (hashOf(bytes.value) !== word.value.sealed) return undefined;
  const plain = await open(bytes.value, [cloud.profile.keys.identity]);
  const noes = plain.ok ? parseNoes(plain.value) : undefined;
  return noes?.ok === true ? { ...word.value, note, noes: noes.value } : undefined;
}

/** What an owner says to an emergency: `silent` has given a word since the question, and no no in it. */
export function saysTo(
  word: HeardWord | undefined,
  { claim, asked }: { readonly claim: Hash; readonly asked: Millis },
): "no" | "silent" | "not-heard" {
  if (word?.noes.includes(claim) === true) return "no";
  return word !== undefined && word.at >= asked ? "silent" : "not-heard";
}
