import { isOffice, operatorOffice } from "../../../shared/release/officelogin.js";
import { originOf, trustedCa } from "../member/trust.io.js";
import { Refused } from "../refused.js";
import { saveSession } from "../session.io.js";
import type { Terminal } from "../terminal.io.js";
import { officeLogIn, openOfficeCloud } from "./cloud.io.js";
import { needOfficeProfile, type Side, saveOfficeProfile } from "./profile.io.js";

export interface OfficeLoginOptions {
  readonly cloud: string;
  readonly caHash?: string;
  /** An officer's agency. */
  readonly agency?: string;
}

/** Signs in to a cloud, which later commands then ask. */
export async function officeLogin(
  folder: string,
  side: Side,
  { cloud, caHash, agency }: OfficeLoginOptions,
  terminal: Terminal,
): Promise<void> {
  const profile = needOfficeProfile(folder, side);
  const office = agency ?? operatorOffice;
  if (!isOffice(office))
    throw new Refused("--agency must be the agency's id: 16 characters, as its agreement names it.");
  const cloudUrl = originOf(cloud);
  const workplace = { cloudUrl, ca: await trustedCa({ url: cloudUrl }, caHash), office };
  const session = await officeLogIn(profile, workplace);
  // Power lost between these: the next command logs in.
  saveOfficeProfile(folder, { ...profile, workplace });
  saveSession(folder, session);
  await officeMe(folder, side, terminal);
}

/** Who is signed in, as the cloud has them now. */
export async function officeMe(folder: string, side: Side, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, side).get(`/${side}/v1/me`);
  const [id, name] = [answer.text("id"), answer.text("name")];
  const [agency, role] = [answer.maybeText("agency"), answer.maybeText("role")];
  terminal.json({ id, name, ...(agency && { agency, role }) });
  terminal.say(`${name} (${id}), ${agency === undefined ? "operator" : `${role} of ${agency}`}`);
}

export async function officeLogout(
  folder: string,
  side: Side,
  { everywhere = false }: { readonly everywhere?: boolean },
  terminal: Terminal,
): Promise<void> {
  await openOfficeCloud(folder, side).end(everywhere ? "sessions" : "session");
  terminal.say(`Logged out${everywhere ? " everywhere" : ""}; the keys stay.`);
}
