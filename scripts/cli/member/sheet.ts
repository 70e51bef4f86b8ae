import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { memberSeedBytes } from "../../../shared/charter/keys.js";
import { type HouseholdId, isHouseholdId, type MemberId } from "../../../shared/kernel/ids.js";
import { type Hash, isHash } from "../../../shared/seal/hash.js";

/** What makes a lost computer's member anew. */
export interface Sheet {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  /** Absent where only the words were typed. */
  readonly cloudUrl?: string;
  /** SHA-256 of the cloud's own CA certificate (DER). */
  readonly caHash?: Hash;
  readonly household?: HouseholdId;
}

const wordsInRow = 6;

/** The lines that a sheet is read back from. The seed stands as 24 words: 32 bytes and a check of 8 bits (BIP-39). */
export function formatSheet({
  seed,
  cloudUrl,
  caHash,
  household,
  member,
}: Required<Sheet> & { readonly member: MemberId }): string {
  const words = entropyToMnemonic(seed, wordlist).split(" ");
  const rows = words.flatMap((_, at) =>
    at % wordsInRow === 0 ? [`  ${words.slice(at, at + wordsInRow).join(" ")}`] : [],
  );
  const facts = [
    `cloud      ${cloudUrl}`,
    `ca         ${caHash}`,
    `household  ${household}`,
    `member     ${member}`,
  ];
  return [...facts, "", `seed (${words.length} words)`, ...rows, ""].join("\n");
}

/** From a whole sheet, or from its words alone, however they are spaced. `undefined` when a word or the check is wrong. */
export function readSheet(text: string): Sheet | undefined {
  const [, rows = text] = /^seed \(.*\)$\n([a-z \n]*?)\n(?:\n|$)/m.exec(`${text.replace(/\r/g, "")}\n`) ?? [];
  const seed = seedOf(rows.trim().toLowerCase().split(/\s+/).join(" "));
  const [cloudUrl, caHash, household] = ["cloud", "ca", "household"].map((name) => factIn(text, name));
  return (
    seed && {
      seed,
      ...(cloudUrl !== undefined && { cloudUrl }),
      ...(caHash !== undefined && isHash(caHash) && { caHash }),
      ...(household !== undefined && isHouseholdId(household) && { household }),
    }
  );
}

function factIn(text: string, name: string): string | undefined {
  return new RegExp(`^${name} +(\\S+)\\s*$`, "m").exec(text)?.[1];
}

function seedOf(words: string): Uint8Array | undefined {
  try {
    const seed = mnemonicToEntropy(words, wordlist);
    return seed.length === memberSeedBytes ? seed : undefined;
  } catch {
    return undefined;
  }
}
