import { join } from "node:path";
import { fromBase64, toBase64 } from "../../../shared/kernel/bytes.js";
import { type OfficeKeys, officeKeys, officeSeedBytes } from "../../../shared/release/officekeys.js";
import { isOffice, type Office } from "../../../shared/release/officelogin.js";
import { makePrivateFolder, readKeys, writeDurably } from "../disk.io.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";

/** Where somebody works: the command that they use, and the first word of the cloud's routes for them. */
export type Side = "agency" | "operator";

/** The cloud that a person signs in to. */
export interface Workplace {
  readonly cloudUrl: string;
  /** PEM of the cloud's own CA, as it was trusted at the first login. */
  readonly ca: string;
  readonly office: Office;
}

/** Who works on this computer. `office.json` holds the seed, from which their keys come. */
export interface OfficeProfile {
  readonly side: Side;
  readonly name: string;
  readonly seed: Uint8Array;
  readonly keys: OfficeKeys;
  /** Absent until the first login. */
  readonly workplace?: Workplace;
}

const fileIn = (folder: string): string => join(folder, "office.json");

export function loadOfficeProfile(folder: string): OfficeProfile | undefined {
  return readKeys(fileIn(folder), (text) => readProfile(fieldsOf(JSON.parse(text), "office.json")));
}

export function needOfficeProfile(folder: string, side: Side): OfficeProfile {
  const profile = loadOfficeProfile(folder);
  if (profile?.side === side) return profile;
  throw new Refused(`There are no keys for this in ${folder} yet. Run: lintel ${side} init --name NAME`);
}

export function saveOfficeProfile(folder: string, profile: OfficeProfile): void {
  const { side, name, seed, workplace } = profile;
  makePrivateFolder(folder);
  const stored = { v: 1, side, name, seed: toBase64(seed), workplace };
  writeDurably(fileIn(folder), `${JSON.stringify(stored, undefined, 2)}\n`);
}

function readProfile(fields: Fields): OfficeProfile {
  const seed = fromBase64(fields.text("seed"));
  if (!seed.ok || seed.value.length !== officeSeedBytes) throw new Refused("the seed is not whole");
  const workplace = fields.maybe("workplace", readWorkplace);
  return {
    side: fields.text("side") === "operator" ? "operator" : "agency",
    name: fields.text("name"),
    seed: seed.value,
    keys: officeKeys(seed.value),
    ...(workplace && { workplace }),
  };
}

function readWorkplace(fields: Fields): Workplace {
  const office = fields.text("office");
  if (!isOffice(office)) throw new Refused("the agency's id is not whole");
  return { cloudUrl: fields.text("cloudUrl"), ca: fields.text("ca"), office };
}
