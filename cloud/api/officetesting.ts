import { assert } from "../../shared/kernel/assert.js";
import { type AgencyId, agencyIdOf } from "../../shared/kernel/ids.js";
import type { AgencyState } from "../../shared/release/agreement.js";
import { officeKeys, publicOfficeKeys } from "../../shared/release/officekeys.js";
import { formatOfficeLogin, type Office, officeLoginKeyName } from "../../shared/release/officelogin.js";
import { hashOfText } from "../../shared/seal/hash.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import type { KnownAgency, OfficePerson, OfficeRole } from "../office/people.js";
import { systemClock, systemRandom } from "../system.io.js";
import { call } from "./testcalls.js";
import type { TestCloud } from "./testing.js";

// People of agencies and of the operator for the API's tests.

/** With all secrets, as only their own machine has them. */
export interface OfficeStaff {
  readonly person: OfficePerson;
  readonly login: Signer;
  readonly noteSecret: Uint8Array;
}

export function newStaff(role: OfficeRole, name: string): OfficeStaff {
  const keys = officeKeys(systemRandom.bytes(32));
  const known = publicOfficeKeys(keys);
  return {
    person: { ...known, role, name },
    login: { name: officeLoginKeyName(known.id), secretKey: keys.loginSecret },
    noteSecret: keys.noteSecret,
  };
}

/** What a claim names as its agreement, where the agency is only said to have one. */
export const saidAgreement = hashOfText("an agreement");

/** An agency in whose agreement these people stand. */
export function agencyWith(
  people: readonly OfficeStaff[],
  state: AgencyState = "active",
  agency: AgencyId = agencyIdOf(new Uint8Array(32)),
): KnownAgency {
  const officers = people.flatMap(({ person }) =>
    person.role === "operator" ? [] : [{ ...person, role: person.role }],
  );
  const facts = { name: "Harbour City Police", jurisdiction: "us", phone: "+15550100" } as const;
  const agreement = { ...facts, agency, hash: saidAgreement, officers };
  return { state, agreement, speakers: agreement };
}

const sideOf = (office: Office): "agency" | "operator" => (office === "operator" ? "operator" : "agency");

export async function officeLoginNote(
  cloud: TestCloud,
  office: Office,
  { person: { id }, login }: OfficeStaff,
  audience = "http://cloud.test",
): Promise<string> {
  const body = { person: id, ...(office === "operator" ? {} : { agency: office }) };
  const { nonce } = (await call(cloud, "POST", `/${sideOf(office)}/v1/login/challenge`, { body })).body;
  const text = formatOfficeLogin({ office, person: id, audience, nonce, at: systemClock.wall() });
  return signNote(text, [login]);
}

/** Signs in: what the cloud grants. */
export async function signInStaff(cloud: TestCloud, office: Office, staff: OfficeStaff) {
  const note = await officeLoginNote(cloud, office, staff);
  const answer = await call(cloud, "POST", `/${sideOf(office)}/v1/login`, { body: { note } });
  assert(answer.status === 200, `login failed: ${answer.text}`);
  const { token, refresh, session }: { token: string; refresh: string; session: string } = answer.body;
  return { token, refresh, session };
}
