import type { AgencyId, OfficerId } from "../../shared/kernel/ids.js";
import type { AgencyState, OpenedAgreement } from "../../shared/release/agreement.js";
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
  agency: AgencyOf;
}

/** An agency by its agreement in force. */
export interface KnownAgency {
  readonly state: AgencyState;
  readonly agreement: Pick<
    OpenedAgreement,
    "agency" | "hash" | "name" | "jurisdiction" | "phone" | "officers"
  >;
  /** The version whose people are the two who must sign. */
  readonly speakers: Pick<OpenedAgreement, "officers">;
}
export type AgencyOf = (agency: AgencyId) => Promise<KnownAgency | undefined>;

/** Of one agency, or of one operator, that wait for others' answers, of each kind: who is asked must be able to look at each. */
export const waitingMax = 20;

/** Whether it may begin anything: only once its agreement is in force, and while nobody stopped it. */
export function mayAsk({ state }: KnownAgency): boolean {
  return state === "active" || state === "probation";
}

export function createDirectory(operators: readonly Operator[], agencyOf: AgencyOf): Directory {
  const hosts = operators.map((operator): OfficePerson => ({ ...operator, role: "operator" }));
  return {
    agency: agencyOf,
    async find({ office, person }) {
      const people = office === operatorOffice ? hosts : ((await agencyOf(office))?.agreement.officers ?? []);
      return people.find(({ id }) => id === person);
    },
  };
}
