// Takes the place of age's library under `shared/seal/age.ts`: files of the same form, sealed in microseconds and at once. Whoever
// has the recipient could open them: a simulation has nobody to hide from, and what it looks for is footage that was not sealed.
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { bech32 } from "@scure/base";
import { prng } from "./clockwork.js";

const version = "age-encryption.org/v1\n";
const keyBytes = 16;
const tagBytes = 16;
const nonce = new Uint8Array(12);

const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest();
};
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, at) => byte ^ (b[at] ?? 0));

export async function generateX25519Identity(): Promise<string> {
  return bech32.encodeFromBytes("AGE-SECRET-KEY-", prng().bytes(32)).toUpperCase();
}

export async function identityToRecipient(identity: string): Promise<string> {
  const secret = bech32.decodeToBytes(identity.toLowerCase()).bytes;
  return bech32.encodeFromBytes("age", hash(Buffer.from("recipient"), secret));
}

export class Encrypter {
  private readonly recipients: string[] = [];

  addRecipient(recipient: string): void {
    this.recipients.push(recipient);
  }

  async encrypt(plain: Uint8Array): Promise<Uint8Array> {
    const key = prng().bytes(keyBytes);
    const stanzas = this.recipients.map((recipient) => {
      const salt = prng().bytes(32);
      return `-> X25519 ${text(salt)}\n${text(xor(key, hash(salt, Buffer.from(recipient))))}\n`;
    });
    const header = version + stanzas.join("");
    const cipher = createCipheriv("aes-128-gcm", key, nonce);
    const mac = text(hash(key, Buffer.from(header)));
    const body = [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
    return new Uint8Array(Buffer.concat([Buffer.from(`${header}--- ${mac}\n`), ...body]));
  }
}

export class Decrypter {
  private readonly identities: string[] = [];

  addIdentity(identity: string): void {
    this.identities.push(identity);
  }

  async decrypt(sealed: Uint8Array): Promise<Uint8Array> {
    const recipients = await Promise.all(this.identities.map(identityToRecipient));
    const file = Buffer.from(sealed);
    const end = file.indexOf("\n--- ");
    const bodyAt = file.indexOf("\n", end + 1) + 1;
    if (!file.subarray(0, version.length).equals(Buffer.from(version)) || end < 0 || bodyAt === 0)
      throw new Error("not an age file");
    const header = file.subarray(0, end + 1);
    const mac = file.subarray(end + 5, bodyAt - 1).toString();
    const key = fileKey(header.toString(), recipients).find((one) => text(hash(one, header)) === mac);
    if (key === undefined) throw new Error("no identity matched any of the file's recipients");
    const decipher = createDecipheriv("aes-128-gcm", key, nonce).setAuthTag(file.subarray(-tagBytes));
    return new Uint8Array(
      Buffer.concat([decipher.update(file.subarray(bodyAt, -tagBytes)), decipher.final()]),
    );
  }
}

function fileKey(header: string, recipients: readonly string[]): readonly Uint8Array[] {
  return [...header.matchAll(/-> X25519 (\S+)\n(\S+)\n/g)].flatMap(([, salt = "", wrapped = ""]) =>
    recipients.map((recipient) =>
      xor(Buffer.from(wrapped, "base64"), hash(Buffer.from(salt, "base64"), Buffer.from(recipient))),
    ),
  );
}
