import { type Hash, hashOfText } from "../seal/hash.js";

/**
 * The hash by which the public log commits to facts that only the parties may know: whoever has facts and salt finds it in the
 * entry, and nobody finds the facts by guessing. Names in the order of the alphabet, so that there is one text for them.
 */
export function sealedHash(salt: string, facts: Readonly<Record<string, string | number>>): Hash {
  const lines = Object.keys(facts)
    .sort()
    .map((name) => `${name} ${facts[name]}\n`);
  return hashOfText(`sealed-facts/v1\n${salt}\n${lines.join("")}`);
}
