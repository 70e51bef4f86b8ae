import { ed25519 } from "@noble/curves/ed25519.js";
import { type Millis, millis } from "../kernel/brand.js";
import { agencyIdOf, newRequestId, officerIdOf } from "../kernel/ids.js";
import { type Prng, seededPrng } from "../kernel/prng.js";
import { hashOfText } from "../seal/hash.js";
import { type Signer, signNote } from "../seal/note.js";
import { type Agreement, formatAgreement, type Officer, officerKeyName } from "./agreement.js";
import type { Area } from "./area.js";
import { type AssistanceRequest, formatRequest } from "./request.js";

// An agency that exists in tests only.

export const hour = 60 * 60_000;
export const day = 24 * hour;

/** A square around Montmartre whose sides are so many metres. */
export function square(metres: number, latitude = 4_888_670, longitude = 234_310): Area {
  const [up, right] = [metres / 2.2264, metres / 2.2264 / Math.cos((48.8867 * Math.PI) / 180)].map(
    Math.round,
  );
  const corner = (north: number, east: number) => ({
    latitude: latitude + north * (up ?? 0),
    longitude: longitude + east * (right ?? 0),
  });
  return [corner(1, -1), corner(1, 1), corner(-1, 1), corner(-1, -1)];
}

export interface TestOfficer extends Officer {
  readonly signer: Signer;
  readonly loginSecret: Uint8Array;
}

export function newOfficer(role: Officer["role"], name: string, random: Prng): TestOfficer {
  const [noteSecret, loginSecret] = [random.bytes(32), random.bytes(32)];
  const noteKey = ed25519.getPublicKey(noteSecret);
  const id = officerIdOf(noteKey);
  const signer = { name: officerKeyName(id), secretKey: noteSecret };
  return { id, role, noteKey, loginKey: ed25519.getPublicKey(loginSecret), name, signer, loginSecret };
}

export interface TestAgency {
  readonly agreement: Agreement;
  readonly note: string;
  readonly supervisor: TestOfficer;
  readonly officer: TestOfficer;
}

/** One supervisor and one officer, with the signed first agreement. */
export function newAgency(issued: Millis, random: Prng = seededPrng(11)): TestAgency {
  const supervisor = newOfficer("supervisor", "Sofia Supervisor", random);
  const officer = newOfficer("officer", "Oscar Officer", random);
  const agreement: Agreement = {
    ...{ agency: agencyIdOf(supervisor.noteKey), version: 1, previous: "none", issued },
    ...{ name: "Police municipale de Montmartre", kind: "municipal-police", jurisdiction: "fr" },
    ...{ territory: square(20_000), phone: "+33123456789", terms: hashOfText("terms\n") },
    officers: [supervisor, officer],
  };
  return { agreement, note: signNote(formatAgreement(agreement), [supervisor.signer]), supervisor, officer };
}

/** An hour around a burglary yesterday, in a square of 400 m. */
export function newRequest(
  { agreement }: TestAgency,
  now: Millis,
  changes: Partial<AssistanceRequest> = {},
): AssistanceRequest {
  const happened = millis(now - day);
  return {
    ...{ id: newRequestId(now, seededPrng(now)), agency: agreement.agency },
    agreement: hashOfText(formatAgreement(agreement)),
    ...{ file: "2026/0815", category: "burglary", statute: "none", happened },
    ...{ from: millis(happened - hour), to: millis(happened + hour), area: square(400) },
    recipient: `age1${"q".repeat(58)}`,
    submitted: now,
    ...changes,
  };
}

export function signRequest({ supervisor, officer }: TestAgency, request: AssistanceRequest): string {
  return signNote(formatRequest(request), [officer.signer, supervisor.signer]);
}
