import { type Charter, type SignedCharter, signCharter } from "../../../shared/charter/charter.js";
import { memberKeys } from "../../../shared/charter/keys.js";
import { type CharterCamera, type Member, memberKeyName, type Role } from "../../../shared/charter/lines.js";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { type HouseholdId, householdIdOf, memberIdOf } from "../../../shared/kernel/ids.js";
import { type Identity, newIdentity, recipientOf } from "../../../shared/seal/age.js";
import { hashOf, hashOfText } from "../../../shared/seal/hash.js";
import { type Signer, textOf, verifierOf } from "../../../shared/seal/note.js";
import { prng } from "../edges/clockwork.js";
import type { Doorbell } from "./doorbell.js";

/** A member with their secrets, as only their own client has them. */
export interface Person {
  readonly member: Member;
  readonly note: Signer;
  readonly identity: Identity;
}

export async function newPerson(role: Role, name: string): Promise<Person> {
  const { noteSecret, loginSecret, identity } = memberKeys(prng().bytes(32), 0);
  const noteKey = verifierOf({ name: "", secretKey: noteSecret }).publicKey;
  const loginKey = verifierOf({ name: "", secretKey: loginSecret }).publicKey;
  const id = memberIdOf(noteKey);
  const member: Member = { id, role, noteKey, loginKey, recipient: await recipientOf(identity), name };
  return { member, note: { name: memberKeyName(id), secretKey: noteSecret }, identity };
}

/** A household: its owners, and the charters that they signed, the newest last. */
export class Home {
  readonly id: HouseholdId;
  readonly owners: readonly Person[];
  readonly chain: SignedCharter[] = [];
  /** What opens each camera's clips, by camera. */
  readonly identities = new Map<string, Identity>();
  charter: Charter;

  constructor(owners: readonly Person[], issued: Millis) {
    const [founder] = owners;
    if (founder === undefined) throw new Error("a household needs somebody");
    this.owners = owners;
    this.id = householdIdOf(founder.member.noteKey);
    const members = owners.map(({ member }) => member);
    const rules = { change: "any-owner", release: "all-owners", members, cameras: [] } as const;
    this.charter = { household: this.id, version: 1, previous: "none", issued, ...rules };
    this.chain.push(this.sign(this.charter));
  }

  /** The charter that follows, not yet anywhere but here. */
  next(changes: Partial<Charter>): SignedCharter {
    const [before] = this.chain.slice(-1);
    if (before === undefined) throw new Error("a household begins with a charter");
    const previous = hashOfText(textOf(before.note));
    this.charter = { ...this.charter, version: this.charter.version + 1, previous, ...changes };
    const signed = this.sign(this.charter);
    this.chain.push(signed);
    return signed;
  }

  /** A camera's line, with a recipient that this household can open. */
  async lineOf(doorbell: Doorbell): Promise<CharterCamera> {
    const { camera, signer, tlsPublicKey } = doorbell.identity;
    const identity = await newIdentity();
    this.identities.set(camera, identity);
    return {
      id: camera,
      noteKey: verifierOf(signer).publicKey,
      tlsKeyHash: hashOf(tlsPublicKey),
      epoch: 1,
      recipient: await recipientOf(identity),
      ...{ place: "outdoor", audio: false, modes: ["off", "detect", "record"], masks: [], zones: [] },
      name: doorbell.machine.name,
    };
  }

  private sign(charter: Charter): SignedCharter {
    return signCharter(
      charter,
      this.owners.map(({ note }) => note),
      prng(),
    );
  }
}

export const at = (time: number): Millis => millis(time);
