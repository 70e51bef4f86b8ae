import { concat, fromBase64, toBase64 } from "../kernel/bytes.js";
import { formatVerifier, keyTypes, type Signer, verifierOf } from "./note.js";

const prefix = "PRIVATE+KEY+";

/** A signing key with its name as one line of text (as golang.org/x/mod/sumdb/note writes it): for a file that nobody else reads. */
export function formatSigner(signer: Signer): string {
  const [name = "", id = ""] = formatVerifier(verifierOf(signer)).split("+");
  return `${prefix}${name}+${id}+${toBase64(concat(Uint8Array.of(keyTypes.ed25519), signer.secretKey))}\n`;
}

/** `undefined` for what is no such line. */
export function parseSigner(text: string): Signer | undefined {
  // unreached: a split text has a first part
  const name = text.startsWith(prefix) ? (text.slice(prefix.length).split("+")[0] ?? "") : "";
  const key = fromBase64(text.trimEnd().split("+").slice(4).join("+"));
  if (!key.ok || key.value.length !== 33) return undefined;
  const signer = { name, secretKey: key.value.slice(1) };
  return formatSigner(signer) === text ? signer : undefined;
}
