import { ownersOf } from "../../../shared/charter/succession.js";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
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

/** Another computer of the same owner may be quicker so often. */
const triesMax = 3;

/**
 * Says that this owner's client is at work and, sealed to owners and contacts, to what they say no: the same calls whatever that is.
 * False where the cloud then shows none of theirs that says all of it.
 */
export async function giveWord(
  cloud: Cloud,
  household: Household,
  noes: readonly Hash[],
  clock: Clock,
): Promise<boolean> {
  let at = clock.wall();
  for (let tries = 1; tries <= triesMax; tries++) {
    await handIn(cloud, household, { noes, at });
    const shown = (await wordsOf(cloud, household)).get(cloud.profile.member);
    if (shown !== undefined && noes.every((no) => shown.noes.includes(no))) return true;
    // A newer one is there, from a computer whose clock is ahead of this one's: it is no newer than this no.
    at = millis(Math.max(clock.wall(), (shown?.at ?? 0) + 1));
  }
  return false;
}

async function handIn(
  cloud: Cloud,
  { newest }: Household,
  { noes, at }: { readonly noes: readonly Hash[]; readonly at: Millis },
): Promise<void> {
  const readers = newest.members.filter(({ role }) => role === "owner" || role === "contact");
  const recipients = readers.map(({ recipient }) => recipient);
  const file = await seal(formatNoes(noes), recipients);
  const { household } = newest;
  const word = { household, member: cloud.profile.member, at, sealed: hashOf(file) };
  const note = signNote(formatWord(word), [noteSigner(cloud.profile)]);
  const body = { note, file: toBase64(file) };
  await cloud.call({ method: "PUT", path: "/v1/household/word", body }).catch((error: unknown) => {
    // A newer word of the same owner is there: what is shown tells whether it says as much.
    if (!(error instanceof Problem) || error.status !== 412) throw error;
  });
}

/** What an owner's newest word says, once signature, file and text of it have held here. */
export interface HeardWord extends OpenedWord {
  /** As it was signed. */
  readonly note: string;
  readonly noes: readonly Hash[];
}

/** What each owner says, by their words that hold; an owner of whom none does says nothing. */
export async function wordsOf(cloud: Cloud, household: Household): Promise<ReadonlyMap<MemberId, HeardWord>> {
  const given = (await cloud.get("/v1/household/words")).list("words", (item: Fields) => ({
    ...{ note: item.text("note"), file: item.text("file") },
  }));
  const heard: HeardWord[] = [];
  for (const one of given) {
    const word = await hear(one, cloud, household);
    if (word !== undefined) heard.push(word);
  }
  return newestOf(heard);
}

/** The newest of each owner, in whatever order they come; a no in an older one stands. */
export function newestOf(words: readonly HeardWord[]): ReadonlyMap<MemberId, HeardWord> {
  const newest = new Map<MemberId, HeardWord>();
  for (const word of words) {
    const other = newest.get(word.member);
    const noes = [...(other?.noes ?? []), ...word.noes];
    newest.set(word.member, { ...(other !== undefined && other.at > word.at ? other : word), noes });
  }
  return newest;
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
