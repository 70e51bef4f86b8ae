// Test-only: a state directory with a camera that was just enrolled, and the household that did it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { type Charter, type SignedCharter, signCharter } from "../shared/charter/charter.js";
import { memberKeys } from "../shared/charter/keys.js";
import { type CharterCamera, type Member, memberKeyName } from "../shared/charter/lines.js";
import { millis } from "../shared/kernel/brand.js";
import { householdIdOf, memberIdOf } from "../shared/kernel/ids.js";
import { seededPrng } from "../shared/kernel/prng.js";
import { newIdentity, recipientOf } from "../shared/seal/age.js";
import { hashOf, hashOfText } from "../shared/seal/hash.js";
import { formatVerifier, type Signer, textOf, verifierOf } from "../shared/seal/note.js";
import { type CameraIdentity, type Keystore, openKeystore } from "./board/keystore.io.js";
import { systemClock } from "./board/system.io.js";
import { createHouse, type House, type MinuteOfWeek } from "./house.io.js";

export const random = seededPrng(1);

/** Any certificate: here only its form counts. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUVmV/oM55D1sKgQl2Z3yqqpfIqq8wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBdDAeFw0yNjExMjEyMzQ0MzVaFw0yNjEyMDEyMzQ0MzVaMAwx
CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQrJdFtl/zZkK2O
WrRm36QU6hAmXzNd8jBzNk4fGjWWR+ucEyUWmD+WZfYNhb2uZ19BS7qhTdT24CZd
++dRJdV8o1MwUTAdBgNVHQ4EFgQU2UXUPtU7R2Eix3P9f0S6JzkdgsMwHwYDVR0j
BBgwFoAU2UXUPtU7R2Eix3P9f0S6JzkdgsMwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEAtqnZL6Wjt/5nxTtoHRHum+WzDdj2l+ap7tHKsb1ML5MC
IF63wD0jVV9tB0YOm/EeUGpCNw1VGx8a+MrfFfC+5eht
-----END CERTIFICATE-----
`;

export async function person(name: string, role: Member["role"]) {
  const { noteSecret, loginSecret, identity } = memberKeys(random.bytes(32), 0);
  const noteKey = verifierOf({ name: "x", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "x", secretKey: loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  const member: Member = { id, role, noteKey, loginKey, recipient: await recipientOf(identity), name };
  const signer: Signer = { name: memberKeyName(id), secretKey: noteSecret };
  return { member, signer };
}

export type Person = Awaited<ReturnType<typeof person>>;

async function lineOf({ camera, signer, tlsPublicKey }: CameraIdentity): Promise<CharterCamera> {
  return {
    id: camera,
    noteKey: verifierOf(signer).publicKey,
    tlsKeyHash: hashOf(tlsPublicKey),
    epoch: 1,
    recipient: await recipientOf(await newIdentity()),
    place: "outdoor",
    audio: false,
    modes: ["off", "detect", "record"],
    masks: [],
    zones: [],
    name: "Front door",
  };
}

export interface Setting {
  readonly state: string;
  readonly keystore: Keystore;
  readonly house: House;
  readonly owner: Person;
  readonly guest: Person;
  readonly line: CharterCamera;
  /** The first charter that names the camera. */
  readonly first: SignedCharter;
  /** The one after `before`, with changes. */
  next(before: SignedCharter, changes: Partial<Charter>, signer?: Signer): SignedCharter;
}

export const log = (): void => undefined;

/** A camera that was just enrolled by a household of an owner and a guest. */
export async function enrolled(t: Test): Promise<Setting> {
  const state = mkdtempSync(join(tmpdir(), "lintel-house-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const keystore = openKeystore(state, systemClock, log);
  const identity = keystore.createIdentity(random);
  const line = await lineOf(identity);
  const owner = await person("Ada", "owner");
  const guest = await person("Bo", "guest");
  const base: Charter = {
    household: householdIdOf(owner.member.noteKey),
    version: 1,
    previous: "none",
    issued: millis(1),
    change: "all-owners",
    release: "all-owners",
    members: [owner.member, guest.member],
    cameras: [line],
  };
  const first = signCharter(base, [owner.signer], random);
  const chained = new Map<SignedCharter, Charter>([[first, base]]);
  const vaultKey = formatVerifier(verifierOf({ name: "vault-test", secretKey: random.bytes(32) }));
  const cloud = { mqttUrl: "mqtts://127.0.0.1:1", vaultKey, cloudUrl: "http://127.0.0.1:1" };
  keystore.saveEnrolment({ charters: [first], certificate, ca: certificate, cloud });
  return {
    ...{ state, keystore, owner, guest, line, first },
    house: houseOf(keystore),
    next(before, changes, signer = owner.signer) {
      const known = chained.get(before) ?? base;
      const previous = hashOfText(textOf(before.note));
      const charter = { ...known, version: known.version + 1, previous, ...changes };
      const signed = signCharter(charter, [signer], random);
      chained.set(signed, charter);
      return signed;
    },
  };
}

export function houseOf(keystore: Keystore, minuteOf: MinuteOfWeek = () => undefined): House {
  const enrolment = keystore.readEnrolment();
  if (!enrolment.ok) throw new Error(enrolment.error.kind);
  return createHouse(keystore, enrolment.value, minuteOf, log);
}
