import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { millis } from "../shared/kernel/brand.js";
import { createCertificates } from "./board/certificate.io.js";
import type { Enrolment, Keystore } from "./board/keystore.io.js";
import { systemClock } from "./board/system.io.js";
import { enrolled, log } from "./enrolled.contract.js";

interface Pair {
  readonly key: string;
  readonly certificate: string;
}
interface Wanted {
  readonly subject: string;
  readonly days: number;
  readonly key?: string;
  readonly issuer?: Pair;
}

const year = 365;
const newKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();

/** Makes certificates by openssl: signed by the issuer, else by themselves. */
function authority(t: Test): (wanted: Wanted) => Pair {
  const dir = mkdtempSync(join(tmpdir(), "lintel-x509-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const openssl = (...args: readonly string[]): string =>
    execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return ({ subject, days, key = newKey(), issuer }) => {
    const own = file("own.key", key);
    const self = ["req", "-x509", "-new", "-key", own, "-subj", `/CN=${subject}`, "-days", `${days}`];
    if (issuer === undefined) return { key, certificate: openssl(...self) };
    const request = file("own.csr", openssl("req", "-new", "-key", own, "-subj", `/CN=${subject}`));
    const by = ["-CA", file("ca.pem", issuer.certificate), "-CAkey", file("ca.key", issuer.key)];
    const serial = ["-set_serial", "7", "-days", `${days}`];
    return { key, certificate: openssl("x509", "-req", "-in", request, ...by, ...serial) };
  };
}

function held(keystore: Keystore): Enrolment {
  const enrolment = keystore.readEnrolment();
  if (!enrolment.ok) throw new Error(enrolment.error.kind);
  return enrolment.value;
}

test("a certificate is asked for in time, and only a later one for this key by the pinned authority is taken", async (t) => {
  const { state, keystore } = await enrolled(t);
  const { identity, charter } = held(keystore);
  const make = authority(t);
  const [issuer, stranger] = [make({ subject: "ca", days: 9_000 }), make({ subject: "ca", days: 9_000 })];
  const usual = { issuer, key: identity.tlsKey, subject: identity.camera };
  const { certificate } = make({ ...usual, days: 4 * year + 1 });
  const inDays = (days: number) => {
    const wall = () => millis(systemClock.wall() + days * 86_400_000);
    return createCertificates(
      keystore,
      { identity, certificate, ca: issuer.certificate, charter },
      { ...systemClock, wall },
      log,
    );
  };
  t.equal(inDays(0).wanted(), undefined, "there is time");
  t.equal(inDays(0).plea(true), undefined, "and it holds");
  t.match(inDays(0).plea(false), /^renewal\/v1\n/, "while the clock is not set, nobody here knows");
  t.match(inDays(5 * year).plea(true), `key ${Buffer.from(identity.tlsPublicKey).toString("base64")}\n`);
  const certificates = inDays(10);
  t.equal(certificates.wanted(), Buffer.from(identity.tlsPublicKey).toString("base64"));
  const wrong = {
    "another authority": make({ ...usual, issuer: stranger, days: 5 * year }),
    "another key": make({ issuer, subject: identity.camera, days: 5 * year }),
    "another camera": make({ ...usual, subject: "aaaaaaaaaaaaaaaa", days: 5 * year }),
    "an earlier end": make({ ...usual, days: year }),
  };
  for (const [why, other] of Object.entries(wrong)) t.notOk(certificates.take(other.certificate), why);
  t.notOk(certificates.take("nonsense"));
  t.equal(certificates.current(), certificate);
  const next = make({ ...usual, days: 5 * year }).certificate;
  t.ok(certificates.take(next));
  t.equal(certificates.wanted(), undefined);
  t.equal(certificates.current(), next);
  t.equal(readFileSync(join(state, "identity", "tls.crt"), "utf8"), next, "and on the card");
});
