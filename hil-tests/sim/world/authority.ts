// A certificate authority in one turn: X.509 (RFC 5280) with Ed25519 (RFC 8410), where the cloud's own waits for WebCrypto.
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { CameraId } from "../../../shared/kernel/ids.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { prng, wallNow } from "../edges/clockwork.js";
import type { Passport } from "./broker.js";

const dayMillis = 24 * 60 * 60_000;
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const ed25519 = Buffer.from("300506032b6570", "hex");
/** basicConstraints: an authority's. */
const isAuthority = Buffer.from("a3133011300f0603551d130101ff040530030101ff", "hex");
const version3 = Buffer.from("a003020102", "hex");

export class TestAuthority {
  readonly pem: string;
  /** Whom each certificate names. */
  readonly passports = new Map<string, Passport>();
  private readonly key = createPrivateKey({
    key: Buffer.concat([privatePrefix, prng().bytes(32)]),
    format: "der",
    type: "pkcs8",
  });

  constructor() {
    const own = createPublicKey(this.key).export({ format: "der", type: "spki" });
    this.pem = this.issue("Lintel cloud", own, { from: wallNow() - dayMillis, days: 7_000 }, isAuthority);
  }

  certify(camera: CameraId, tlsKey: Uint8Array, days = 5 * 365): string {
    const from = wallNow() - 3 * 365 * dayMillis;
    const pem = this.issue(camera, tlsKey, { from, days: 3 * 365 + days });
    const validUntil = from + (3 * 365 + days) * dayMillis;
    this.passports.set(pem, { camera, tlsKeyHash: hashOf(tlsKey), validUntil });
    return pem;
  }

  private issue(
    name: string,
    publicKey: Uint8Array,
    { from, days }: { readonly from: number; readonly days: number },
    extensions = Buffer.alloc(0),
  ): string {
    const body = sequence(
      version3,
      der(0x02, Buffer.from([1, ...prng().bytes(8)])),
      ed25519,
      commonName("Lintel cloud"),
      sequence(time(from), time(from + days * dayMillis)),
      commonName(name),
      Buffer.from(publicKey),
      extensions,
    );
    const signature = der(0x03, Buffer.concat([Buffer.of(0), sign(null, body, this.key)]));
    const text = sequence(body, ed25519, signature).toString("base64").replace(/.{64}/g, "$&\n");
    return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  }
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function commonName(text: string): Buffer {
  return sequence(der(0x31, sequence(Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(text)))));
}

/** GeneralizedTime, to the second. */
function time(millis: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(millis).toISOString().replace(/[-:T]|\.\d+/g, "")}`));
}
