import { generateKeyPairSync } from "node:crypto";
import {
  type Charter,
  type OpenedCharter,
  openCharterChain,
  type SignedCharter,
  signCharter,
} from "../../shared/charter/charter.js";
import { answerClaim, type Claim, claimIdOf } from "../../shared/charter/claim.js";
import { memberKeys } from "../../shared/charter/keys.js";
import {
  type CharterCamera,
  cameraKeyName,
  type Member,
  memberKeyName,
  type Role,
} from "../../shared/charter/lines.js";
import { loginKeyName } from "../../shared/charter/login.js";
import { assert } from "../../shared/kernel/assert.js";
import { toBase64, toUtf8 } from "../../shared/kernel/bytes.js";
import { type CameraId, cameraIdOf, householdIdOf, memberIdOf } from "../../shared/kernel/ids.js";
import { type Identity, newIdentity, recipientOf, seal } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Signer, verifierOf } from "../../shared/seal/note.js";
import { systemRandom as random, systemClock } from "../system.io.js";

// People, boards and charters for the API's tests.

export const audience = "http://cloud.test";

/** A member with all secrets, as only their own client has them. */
export interface Person {
  readonly member: Member;
  readonly note: Signer;
  readonly login: Signer;
  readonly identity: Identity;
}

export async function newPerson(role: Role, name: string): Promise<Person> {
  const { noteSecret, loginSecret, identity } = memberKeys(random.bytes(32), 0);
  const noteKey = verifierOf({ name: "", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "", secretKey: loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  return {
    member: { id, role, noteKey, loginKey, recipient: await recipientOf(identity), name },
    note: { name: memberKeyName(id), secretKey: noteSecret },
    login: { name: loginKeyName(id), secretKey: loginSecret },
    identity,
  };
}

/** A camera with all secrets: the board's, and the identity that opens its clips. */
export interface Board {
  readonly id: CameraId;
  readonly note: Signer;
  readonly tlsKey: Uint8Array;
  readonly tlsPrivatePem: string;
  readonly identity: Identity;
  readonly line: CharterCamera;
}

export async function newBoard(name: string, place: CharterCamera["place"] = "outdoor"): Promise<Board> {
  const secretKey = random.bytes(32);
  const noteKey = verifierOf({ name: "", secretKey }).publicKey;
  const id = cameraIdOf(noteKey);
  const tls = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tlsKey = new Uint8Array(tls.publicKey.export({ format: "der", type: "spki" }));
  const identity = await newIdentity();
  const obeys = { audio: false, modes: ["record"], masks: [], zones: [] } as const;
  const recipient = await recipientOf(identity);
  return {
    id,
    note: { name: cameraKeyName(id), secretKey },
    tlsKey,
    tlsPrivatePem: tls.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    identity,
    line: { id, noteKey, tlsKeyHash: hashOf(tlsKey), epoch: 1, recipient, place, ...obeys, name },
  };
}

/** The first charter of a household. */
export function firstCharter(people: readonly Person[]): Charter {
  const [founder] = people;
  assert(founder !== undefined, "a household needs somebody");
  return {
    household: householdIdOf(founder.member.noteKey),
    version: 1,
    previous: "none",
    issued: systemClock.wall(),
    change: "any-owner",
    release: "all-owners",
    members: people.map(({ member }) => member),
    cameras: [],
  };
}

export function sign(charter: Charter, signers: readonly Person[]): SignedCharter {
  return signCharter(
    charter,
    signers.map(({ note }) => note),
    random,
  );
}

export function opened(...chain: readonly SignedCharter[]): OpenedCharter {
  const charter = openCharterChain(chain);
  assert(charter.ok, "the test's own charters hold");
  return charter.value;
}

/** What follows `current`, with changes. */
export function nextCharter(current: OpenedCharter, change: Partial<Charter>): Charter {
  const { hash, ...charter } = current;
  return { ...charter, version: current.version + 1, previous: hash, ...change };
}

/** The camera's identity as a key file for these members. */
export async function keyFile({ id, identity }: Board, people: readonly Person[]) {
  const file = await seal(
    toUtf8(identity),
    people.map(({ member }) => member.recipient),
  );
  return { camera: id, epoch: 1, file: toBase64(file) };
}

export function newClaim(charter: OpenedCharter): { claim: Claim; claimId: string } {
  const secret = random.bytes(16);
  const { household, hash } = charter;
  const claim = {
    cloudUrl: audience,
    caHash: hashOf(toUtf8("not asked here")),
    household,
    charter: hash,
    secret,
  };
  return { claim, claimId: claimIdOf(secret) };
}

export function answer(claim: Claim, { line, tlsKey }: Board) {
  return answerClaim(claim, line.noteKey, tlsKey);
}
