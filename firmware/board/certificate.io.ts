import { X509Certificate } from "node:crypto";
import { formatRenewal } from "../../shared/charter/renewal.js";
import { millis } from "../../shared/kernel/brand.js";
import { toBase64 } from "../../shared/kernel/bytes.js";
import type { Clock, Log } from "../../shared/kernel/ports.js";
import { signNote } from "../../shared/seal/note.js";
import type { Enrolment, Keystore } from "./keystore.io.js";

const dayMillis = 24 * 60 * 60_000;
/** With less left than this the camera asks for the next certificate: of five years' about once a year. */
const renewDays = 4 * 365;

/** What the camera shows to the broker, and how it gets the next before that ends. */
export interface Certificates {
  /** PEM; the newest from the next connection on. */
  current(): string;
  /** Whole days until the current one ends; negative afterwards. */
  daysLeft(): number;
  /** Base64 of the TLS key for which a new one is wanted; `undefined` while there is time. */
  wanted(): string | undefined;
  /** `renewal/v1`, signed: for an owner who lets the camera in again. `undefined` while it holds by a clock that is set. */
  plea(clockIsSet: boolean): string | undefined;
  /** Takes a certificate durably that is by the pinned authority, for this camera and key, and lives longer. */
  take(pem: string): boolean;
}

export function createCertificates(
  keystore: Pick<Keystore, "saveCertificate">,
  { identity, certificate, ca, charter }: Pick<Enrolment, "identity" | "certificate" | "ca" | "charter">,
  clock: Clock,
  log: Log,
): Certificates {
  let current = certificate;
  const ends = (pem: string): number => Date.parse(new X509Certificate(pem).validTo);
  return {
    current: () => current,
    daysLeft: () => Math.floor((ends(current) - clock.wall()) / dayMillis),
    plea(clockIsSet) {
      const [end, tlsKey] = [millis(ends(current)), toBase64(identity.tlsPublicKey)];
      if (clockIsSet && end > clock.wall()) return undefined;
      const { camera, signer } = identity;
      return signNote(formatRenewal({ household: charter.household, camera, tlsKey, ends: end }), [signer]);
    },
    wanted: () =>
      ends(current) - clock.wall() < renewDays * dayMillis ? toBase64(identity.tlsPublicKey) : undefined,
    take(pem) {
      const why =
        faultOf(pem, { identity, ca }) ?? (ends(pem) > ends(current) ? undefined : "it ends no later");
      if (why !== undefined) {
        log("certificate.refused", { why });
        return false;
      }
      // Power lost before this: the old one is shown on, and the next connection asks again.
      keystore.saveCertificate(pem);
      current = pem;
      log("certificate.renewed", { until: new Date(ends(pem)).toISOString() });
      return true;
    },
  };
}

function faultOf(pem: string, { identity, ca }: Pick<Enrolment, "identity" | "ca">): string | undefined {
  try {
    const [certificate, authority] = [new X509Certificate(pem), new X509Certificate(ca)];
    if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
      return "it is not from the pinned authority";
    const key = certificate.publicKey.export({ type: "spki", format: "der" });
    if (!key.equals(identity.tlsPublicKey)) return "it is for another key";
    return certificate.subject === `CN=${identity.camera}` ? undefined : "it is for another camera";
  } catch {
    return "it cannot be read";
  }
}
