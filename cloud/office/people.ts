import type { AgencyId, OfficerId } from "../../shared/kernel/ids.js";
import { type Office, operatorOffice } from "../../shared/release/officelogin.js";
import type { Operator } from "../../shared/release/operators.js";

export type OfficeRole = "officer" | "supervisor" | "operator";

/** Somebody who works for an agency or hosts the cloud. */
export interface OfficePerson {
  readonly id: OfficerId;
  readonly role: OfficeRole;
  readonly noteKey: Uint8Array;
  readonly loginKey: Uint8Array;
  readonly name: string;
}

/** Where a person works, and their id there. */
export interface Post {
  readonly office: Office;
  readonly person: OfficerId;
}

/** Who works where, as of now: whoever was struck out of the agreement or the operators' file is nobody at the next request. */
export interface Directory {
  find(post: Post): Promise<OfficePerson | undefined>;
}

/** Who works for an agency, by the agreement in force. */
export type OfficersOf = (agency: AgencyId) => Promise<readonly OfficePerson[]>;

export function createDirectory(operators: readonly Operator[], officersOf: OfficersOf): Directory {
  const hosts = operators.map((operator): OfficePerson => ({ ...operator, role: "operator" }));
  return {
    async find({ office, person }) {
      const people = office === operatorOffice ? hosts : await officersOf(office);
      return people.find(({ id }) => id === person);
    },
  };
}
