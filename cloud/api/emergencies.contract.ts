import { millis } from "../../shared/kernel/brand.js";
import { type AgencyId, type CameraId, type HouseholdId, newRequestId } from "../../shared/kernel/ids.js";
import { officerKeyName } from "../../shared/release/agreement.js";
import { type EmergencyClaim, formatClaim } from "../../shared/release/emergency.js";
import { type Identity, newIdentity, recipientOf } from "../../shared/seal/age.js";
import type { Hash } from "../../shared/seal/hash.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import { systemRandom as random } from "../system.io.js";
import { type OfficeStaff, signInStaff } from "./officetesting.js";
import { call } from "./testcalls.js";
import type { TestCloud } from "./testing.js";

// Emergencies for the API's tests: claimed and cosigned as the agency's clients do, and authenticated by two operators.

const minute = 60_000;
const hour = 60 * minute;

export const staffSigner = ({ person, noteSecret }: OfficeStaff): Signer => ({
  name: officerKeyName(person.id),
  secretKey: noteSecret,
});

export interface Claimant {
  readonly agency: AgencyId;
  readonly agreement: Hash;
  readonly officer: OfficeStaff;
  readonly supervisor: OfficeStaff;
  readonly phone: string;
}

export interface Claimed {
  readonly claim: EmergencyClaim;
  /** With the officer's signature, and with both. */
  readonly note: string;
  readonly cosigned: string;
  readonly identity: Identity;
}

/** About the hour before the last one. */
export async function newClaim(
  { clock }: Pick<TestCloud, "clock">,
  { agency, agreement, officer, supervisor }: Omit<Claimant, "phone">,
  at: { readonly household: HouseholdId; readonly camera: CameraId },
  changes: Partial<EmergencyClaim> = {},
): Promise<Claimed> {
  const [now, identity] = [clock.wall(), await newIdentity()];
  const claim: EmergencyClaim = {
    ...{ id: newRequestId(now, random), agency, agreement, file: "24-119", danger: "threat-to-life", ...at },
    ...{ from: millis(now - 2 * hour), to: millis(now - hour), recipient: await recipientOf(identity) },
    ...{ submitted: now, ...changes },
  };
  const text = formatClaim(claim);
  const note = signNote(text, [staffSigner(officer)]);
  const cosigned = signNote(text, [staffSigner(officer), staffSigner(supervisor)]);
  return { claim, note, cosigned, identity };
}

/** From the claim to the question to the household. */
export async function askHousehold(
  cloud: TestCloud,
  { agency, officer, supervisor, phone }: Claimant,
  operators: readonly string[],
  { claim: { id }, note, cosigned }: Claimed,
): Promise<void> {
  const as = async (staff: OfficeStaff) => (await signInStaff(cloud, agency, staff)).token;
  const post = async (path: string, token: string | undefined, body: object) => {
    const answer = await call(cloud, "POST", path, { ...(token && { token }), body });
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.body.state;
  };
  const [first, second] = operators;
  await post("/agency/v1/emergencies", await as(officer), { note });
  await post(`/agency/v1/emergencies/${id}/cosignature`, await as(supervisor), { note: cosigned });
  await post(`/operator/v1/emergencies/${id}/callback`, first, { called: phone, authentic: true });
  const state = await post(`/operator/v1/emergencies/${id}/answer`, second, { answer: "agree" });
  if (state !== "asked") throw new Error(`the household was not asked: ${state}`);
}
