import { memberKeys } from "../../../shared/charter/keys.js";
import { isHouseholdId, memberIdOf } from "../../../shared/kernel/ids.js";
import { recipientOf } from "../../../shared/seal/age.js";
import { verifierOf } from "../../../shared/seal/note.js";
import { fieldsOf } from "../fields.js";
import { call } from "../http.io.js";
import { Refused } from "../refused.js";
import { sentenceOf } from "../sentences.js";
import { saveSession } from "../session.io.js";
import type { Terminal } from "../terminal.io.js";
import { logIn } from "./cloud.io.js";
import { openHousehold } from "./household.js";
import { loadProfile, readSignedCharter, saveProfile } from "./profile.io.js";
import { fetchSheet } from "./recovery.io.js";
import { readSheet, type Sheet } from "./sheet.js";
import { originOf, trustedCa } from "./trust.io.js";

export interface RestoreOptions {
  /** Where the sheet does not say it, or another address now. */
  readonly cloud?: string;
  readonly household?: string;
  /** What stands on the recovery sheet, or its words alone. */
  readonly sheet?: string;
  /** Instead of the sheet. */
  readonly passphrase?: string;
  readonly caHash?: string;
}

/** Makes a lost computer's member anew. Nothing is written unless the household names the keys. */
export async function memberRestore(
  folder: string,
  options: RestoreOptions,
  terminal: Terminal,
): Promise<void> {
  if (loadProfile(folder) !== undefined)
    throw new Refused(`${folder} already holds a member. Choose another folder with --profile DIR.`);
  const { seed, ...found } = await (options.passphrase === undefined
    ? sheetFrom(options.sheet ?? "")
    : fetchSheet(options.passphrase, options));
  const household = options.household ?? found.household;
  const cloudUrl = options.cloud === undefined ? found.cloudUrl : originOf(options.cloud);
  if (household === undefined || cloudUrl === undefined)
    throw new Refused(
      "The words alone do not say where the household is. Give the whole sheet, or --cloud URL and --household ID.",
    );
  if (!isHouseholdId(household))
    throw new Refused(`"${household}" is not a household's id. Copy it from the recovery sheet.`);
  const keys = memberKeys(seed, 0);
  const member = memberIdOf(verifierOf({ name: "", secretKey: keys.noteSecret }).publicKey);
  const ca = await trustedCa({ url: cloudUrl }, options.caHash ?? found.caHash);
  const session = await logIn({ cloudUrl, ca, household, member, keys });
  const path = "/v1/household";
  const answer = fieldsOf(
    await call({ url: cloudUrl, ca }, { method: "GET", path, token: session.token }),
    path,
  );
  const opened = openHousehold(answer.list("charters", readSignedCharter), undefined);
  if (!opened.ok) throw new Refused(sentenceOf(opened.error));
  const { newest } = opened.value;
  if (newest.household !== household)
    throw new Refused(sentenceOf({ kind: "other-household", found: newest.household }));
  const recipient = await recipientOf(keys.identity);
  const line = newest.members.find((one) => one.id === member && one.recipient === recipient);
  if (line === undefined)
    throw new Refused(
      `Charter ${newest.version} of household ${household} does not name this sheet's member.`,
    );
  const { version, hash } = newest;
  saveProfile(folder, {
    cloudUrl,
    household,
    member,
    name: line.name,
    seed,
    keys,
    ca,
    seen: { version, hash },
  });
  saveSession(folder, session);
  terminal.json({ household, member, profile: folder, charter: version });
  terminal.say(`${line.name} (${member}) of household ${household} is in ${folder} again.`);
  terminal.say(
    `The cloud shows charter ${version} as the newest; this computer cannot know of a later one. Compare with another member.`,
  );
}

function sheetFrom(text: string): Sheet {
  const sheet = readSheet(text);
  if (sheet !== undefined) return sheet;
  throw new Refused(
    "These are not a sheet's 24 words: one is not of the list, missing, or in another place. Compare each with the sheet.",
  );
}
