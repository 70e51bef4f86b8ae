import { openProposal, type ProposedCharter, type SignedCharter } from "../../../shared/charter/charter.js";
import { maySee } from "../../../shared/charter/lines.js";
import type { Rules, Signatures } from "../../../shared/charter/succession.js";
import { isCameraId } from "../../../shared/kernel/ids.js";
import { cosign } from "../../../shared/seal/note.js";
import { type Fields, UnexpectedAnswer } from "../fields.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import type { Terminal } from "../terminal.io.js";
import type { CameraKeyFile } from "./camerakey.js";
import { opensKey } from "./cameras.io.js";
import { changeCharter, noteSigner, putSigned } from "./charter.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { differences } from "./difference.js";
import type { Household } from "./household.js";
import { keepKeyFile, readKeyFile, readSignedCharter } from "./profile.io.js";

const path = "/v1/household/proposal";

interface Waiting {
  readonly household: Household;
  readonly proposed: ProposedCharter;
  readonly signed: SignedCharter;
  readonly keyFiles: readonly CameraKeyFile[];
}

/** Shows, signs or withdraws the next charter that waits for owners' signatures. */
export async function memberProposal(
  folder: string,
  act: "show" | "sign" | "withdraw",
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const waiting = await findWaiting(cloud);
  if (waiting === undefined) {
    if (act !== "show") throw new Refused("No change waits for signatures.");
    terminal.json({ charter: null });
    return terminal.say("No change waits for signatures.");
  }
  tell(waiting, terminal);
  if (act === "sign") await sign(cloud, waiting, terminal);
  if (act === "withdraw") await withdraw(cloud, waiting, terminal);
}

function tell({ household, proposed }: Waiting, terminal: Terminal): void {
  const { charter, signers, missing } = proposed;
  const lines = differences(household.newest, charter);
  const ids = (members: typeof signers) => members.map(({ id }) => id);
  terminal.json({ charter: charter.version, signers: ids(signers), missing: ids(missing), changes: lines });
  const names = (members: typeof signers): string => members.map(({ name }) => name).join(", ");
  terminal.say(`Charter ${charter.version}, signed by ${names(signers)}; missing: ${names(missing)}.`);
  for (const line of lines) terminal.say(`  ${line}`);
}

async function sign(
  cloud: Cloud,
  { household, proposed, signed, keyFiles }: Waiting,
  terminal: Terminal,
): Promise<void> {
  const { version } = proposed.charter;
  if (!proposed.missing.some(({ id }) => id === cloud.profile.member))
    throw new Refused(`Charter ${version} does not need your signature. Nothing was signed.`);
  await checkKeys(cloud, { household, proposed, keyFiles });
  if (!(await terminal.agreed(`Sign charter ${version}, with these changes and no others?`)))
    throw new Refused("Nothing was signed.");
  const charter = { ...signed, note: cosign(signed.note, noteSigner(cloud.profile)) };
  const now = openProposal(household.newest, charter);
  if (!now.ok) throw new Refused(sentenceOf(now.error));
  for (const file of keyFiles) keepKeyFile(cloud.folder, file);
  await putSigned(cloud, now.value, { charter, keyFiles, terminal });
  terminal.json({ event: "signed", charter: version });
  terminal.say(
    `Everybody has signed: charter ${version} is the household's newest. Cameras take it as they hear of it.`,
  );
}

/** A new key that does not come to this owner would shut them out: its recordings would never open for them. */
async function checkKeys(
  cloud: Cloud,
  { household, proposed: { charter }, keyFiles }: Pick<Waiting, "household" | "proposed" | "keyFiles">,
): Promise<void> {
  const me = charter.members.find(({ id }) => id === cloud.profile.member);
  for (const camera of charter.cameras) {
    const before = household.newest.cameras.find(({ id }) => id === camera.id);
    if (before?.recipient === camera.recipient || me === undefined || !maySee(me, camera)) continue;
    const file = keyFiles.find((one) => one.camera === camera.id && one.epoch === camera.epoch);
    if (file === undefined || !(await opensKey(cloud, file, camera.recipient)))
      throw new Refused(
        `The change gives camera ${camera.name} a new key, and does not give that key to you. Do not sign it; ask who proposed it. Nothing was signed.`,
      );
  }
}

async function withdraw(cloud: Cloud, { proposed }: Waiting, terminal: Terminal): Promise<void> {
  const { version } = proposed.charter;
  if (!(await terminal.agreed("Withdraw this change? Its signatures are dropped.")))
    throw new Refused("Nothing was withdrawn.");
  await cloud.call({ method: "DELETE", path });
  terminal.json({ event: "withdrawn", charter: version });
  terminal.say(
    "Withdrawn. Its signatures exist, though: whoever kept a copy may bring it back until another charter is signed.",
  );
}

async function findWaiting(cloud: Cloud): Promise<Waiting | undefined> {
  const household = await cloud.household();
  const answer = await cloud.get(path).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
  if (answer === undefined) return undefined;
  const signed = answer.maybe("charter", readSignedCharter);
  if (signed === undefined) throw new UnexpectedAnswer(`${path} holds no charter`);
  const proposed = openProposal(household.newest, signed);
  if (!proposed.ok) throw new Refused(sentenceOf(proposed.error));
  return {
    household,
    proposed: proposed.value,
    signed,
    keyFiles: answer.list("keyFiles", readCameraKeyFile),
  };
}

function readCameraKeyFile(fields: Fields): CameraKeyFile {
  const camera = fields.text("camera");
  if (!isCameraId(camera)) throw new Refused("The cloud's key files name no camera. Ask its operator.");
  return { camera, ...readKeyFile(fields) };
}

export interface RuleOptions {
  readonly change?: Signatures;
  readonly release?: Signatures;
}

/** Shows whose signatures the household asks for, or changes it. */
export async function memberRules(folder: string, wanted: RuleOptions, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const rulesOf = ({ change, release }: Rules) => ({ change, release });
  const version = await changeCharter(cloud, terminal, ({ newest }) => {
    const next = { ...rulesOf(newest), ...wanted };
    return next.change === newest.change && next.release === newest.release ? undefined : next;
  });
  const rules = rulesOf((await cloud.household()).newest);
  terminal.json({ ...rules, charter: version });
  terminal.say(
    `The next charter needs the signature of ${rules.change}; a release to an agency that of ${rules.release}. No owner is removed or made less without their own.`,
  );
}
