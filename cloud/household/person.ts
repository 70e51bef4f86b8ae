import {
  type HouseholdId,
  isHouseholdId,
  isMemberId,
  isOfficerId,
  type MemberId,
} from "../../shared/kernel/ids.js";
import { isOffice, type Office, operatorOffice } from "../../shared/release/officelogin.js";
import type { Post } from "../office/people.js";

/** A member of a household. */
export interface Who {
  readonly household: HouseholdId;
  readonly member: MemberId;
}

/** Whoever signs in: a member of a household, an officer of an agency, or an operator. */
export type Person = Who | Post;

/** One kind of people: no way in of one kind lets anybody in as another. */
export type Kind<P extends Person> = (person: Person) => person is P;

export const isMember = (person: Person): person is Who => !("office" in person);
export const isOfficer = (person: Person): person is Post =>
  "office" in person && person.office !== operatorOffice;
export const isOperator = (person: Person): person is Post =>
  "office" in person && person.office === operatorOffice;

/** How a person stands in the tables of what signs people in: of an office, `household` is what no household is called. */
export interface Holder {
  readonly household: string;
  readonly member: string;
}

/** No household's id holds a space. */
const officePrefix = "office ";
/** What stands as household in the rows of an office's people. */
export const holdersAt = (office: Office): string => `${officePrefix}${office}`;

export const holderOf = (person: Person): Holder =>
  "office" in person
    ? { household: holdersAt(person.office), member: person.person }
    : { household: person.household, member: person.member };

/** Whose row it is; `undefined` when it is nobody's. */
function personOf({ household, member }: Holder): Person | undefined {
  if (isHouseholdId(household) && isMemberId(member)) return { household, member };
  const office = household.slice(officePrefix.length);
  const known = household.startsWith(officePrefix) && isOffice(office) && isOfficerId(member);
  return known ? { office, person: member } : undefined;
}

/** Whom a charter, an agreement or the operators' file names now: nobody else comes in, whatever is stored of them. */
export interface People {
  /** What the person is called. */
  nameOf(person: Person): Promise<string | undefined>;
}

/** Whose row it is, of this kind and named still. */
export async function behindRow<P extends Person>(
  people: People,
  row: Holder,
  kind: Kind<P>,
): Promise<{ readonly who: P; readonly called: string } | undefined> {
  const who = personOf(row);
  if (who === undefined || !kind(who)) return undefined;
  const called = await people.nameOf(who);
  return called === undefined ? undefined : { who, called };
}
