import "reflect-metadata";
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  X509Certificate as Certificate,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Millis } from "../../shared/kernel/brand.js";
import { toHex } from "../../shared/kernel/bytes.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { Clock, Random } from "../../shared/kernel/ports.js";
import { type Hash, hashOf } from "../../shared/seal/hash.js";
import { keepPrivate, privateDirectory, readPrivate, writePrivate } from "./privatefile.io.js";

const dayMillis = 24 * 60 * 60_000;
/** Certificates begin this long before they are made: a camera whose clock is wrong by a year must still connect. */
const backdatedDays = 3 * 365;
const authorityDays = 20 * 365;
/** Read only at start: long enough for a cloud that runs for years. */
const serverDays = 5 * 365;
/** A camera asks for the next one each year: after as many as four in a drawer it still connects by itself. */
const cameraDays = 5 * 365;
/** At a start with less left than this the server's certificate is made anew. */
const renewDays = 30;

const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** A certificate and its key, PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** One of the cloud's own programs. */
export interface OwnProgram {
  /** Name of its two files. */
  readonly file: string;
  readonly commonName: string;
  readonly use: "server" | "client";
  /** Host names and IP addresses of a server. */
  readonly hosts: readonly string[];
}

/** The cloud's own certificate authority: no camera trusts any other. */
export interface Authority {
  readonly caPem: string;
  /** SHA-256 of the CA certificate (DER): what a claim pins. */
  readonly caHash: Hash;
  /** For the MQTT and HTTPS listeners. */
  readonly server: Pair;
  /** A kept certificate, made anew when it ends soon or fits no more. */
  own(program: OwnProgram): Promise<Pair>;
  /** A client certificate for exactly this TLS key (DER SubjectPublicKeyInfo); its common name is the camera's id. */
  certify(camera: CameraId, tlsKey: Uint8Array): Promise<string>;
}

export interface AuthorityOptions {
  /** Private directory of the keys. */
  readonly directory: string;
  /** Host names and IP addresses under which the cloud is reached. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the authority, made at the first start. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  cryptoProvider.set(webcrypto);
  await privateDirectory(options.directory);
  const keys = await openKeys(join(options.directory, "ca.key"));
  // Power lost between key and certificate: the next start makes a certificate for the same key; nobody saw another.
  const caPem = await keepPrivate(join(options.directory, "ca.pem"), () => selfSigned(keys, options));
  const ca: Issuer = { keys, certificate: new Certificate(caPem), ...options };
  const own = (program: OwnProgram): Promise<Pair> => openPair(ca, options.directory, program);
  const { hosts } = options;
  return {
    own,
    caPem,
    caHash: hashOf(new Uint8Array(ca.certificate.rawData)),
    server: await own({ file: "server", commonName: "lintel-cloud", use: "server", hosts }),
    certify: (camera, tlsKey) =>
      issue(ca, {
        name: camera,
        days: cameraDays,
        publicKey: new PublicKey(new Uint8Array(tlsKey)),
        extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
      }),
  };
}

type KeyPair = webcrypto.CryptoKeyPair;

interface Issuer {
  readonly keys: KeyPair;
  readonly certificate: Certificate;
  readonly clock: Clock;
  readonly random: Random;
}

async function openPair(ca: Issuer, directory: string, program: OwnProgram): Promise<Pair> {
  const { file, commonName: name, use, hosts } = program;
  const keyPath = join(directory, `${file}.key`);
  const path = join(directory, `${file}.pem`);
  const keys = await openKeys(keyPath);
  const publicKey = new PublicKey(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const before = await readPrivate(path);
  const wanted = { hosts, key: publicKey, now: ca.clock.wall() };
  if (before === undefined || !serves(before, ca.certificate, wanted)) {
    const usage = use === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
    const extensions = [new ExtendedKeyUsageExtension([usage]), ...alternativeNames(hosts)];
    // Power lost before this write: the old certificate stands and the next start renews again.
    await writePrivate(path, await issue(ca, { name, days: serverDays, publicKey, extensions }));
  }
  const [certificate = "", key = ""] = await Promise.all([readPrivate(path), readPrivate(keyPath)]);
  return { certificate, key };
}

function alternativeNames(hosts: readonly string[]): readonly Extension[] {
  if (hosts.length === 0) return [];
  const names = hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const);
  return [new SubjectAlternativeNameExtension(names)];
}

/** True when the certificate is by this authority, for this key and all these hosts, and is not about to end. */
function serves(
  pem: string,
  ca: Certificate,
  { hosts, key, now }: { hosts: readonly string[]; key: PublicKey; now: Millis },
): boolean {
  const certificate = new X509Certificate(pem);
  const issuer = new X509Certificate(ca.toString("pem"));
  const days = (Date.parse(certificate.validTo) - now) / dayMillis;
  const named = hosts.every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  );
  const sameKey = certificate.publicKey
    .export({ format: "der", type: "spki" })
    .equals(Buffer.from(key.rawData));
  return named && sameKey && days > renewDays && certificate.verify(issuer.publicKey);
}

interface Wanted {
  readonly name: string;
  readonly days: number;
  readonly publicKey: PublicKey;
  readonly extensions: readonly Extension[];
}

async function issue(ca: Issuer, { name, days, publicKey, extensions }: Wanted): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    ...validity(ca.clock, days),
    serialNumber: serial(ca.random),
    subject: [{ CN: [name] }],
    issuer: ca.certificate.subject,
    publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: curve,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...extensions,
    ],
  });
  return certificate.toString("pem");
}

async function selfSigned(keys: KeyPair, { clock, random }: AuthorityOptions): Promise<string> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(clock, authorityDays),
    serialNumber: serial(random),
    name: [{ CN: ["Lintel cloud"] }],
    keys,
    signingAlgorithm: curve,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certificate.toString("pem");
}

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  const now = clock.wall();
  return {
    notBefore: new Date(now - backdatedDays * dayMillis),
    notAfter: new Date(now + days * dayMillis),
  };
}

/** A positive number of 16 bytes (RFC 5280 §4.1.2.2). */
function serial(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return toHex(bytes);
}

async function openKeys(path: string): Promise<KeyPair> {
  const pem = await keepPrivate(path, async () => {
    const made = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
    return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", made.privateKey), "PRIVATE KEY");
  });
  const jwk = createPrivateKey(pem).export({ format: "jwk" });
  const { d: _secret, ...open } = jwk;
  const importKey = (key: webcrypto.JsonWebKey, use: "sign" | "verify") =>
    webcrypto.subtle.importKey("jwk", { ...key, key_ops: [use], ext: true }, curve, true, [use]);
  return { privateKey: await importKey(jwk, "sign"), publicKey: await importKey(open, "verify") };
}
