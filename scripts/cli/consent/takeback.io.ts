import { isReleaseId } from "../../../shared/kernel/ids.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { parseAuthorisation } from "../../../shared/release/authorisation.js";
import { formatWithdrawal } from "../../../shared/release/withdrawal.js";
import type { Hash } from "../../../shared/seal/hash.js";
import { signNote, textOf } from "../../../shared/seal/note.js";
import type { Fields } from "../fields.js";
import { Problem } from "../http.io.js";
import { noteSigner } from "../member/charter.io.js";
import type { Cloud } from "../member/cloud.io.js";
import type { Household } from "../member/household.js";

const path = "/v1/releases";
/** In which an emergency's answer waits for its fixed time. */
const waiting: readonly string[] = ["preparing", "in-review", "escrowed"];

interface Withdrawing {
  readonly cloud: Cloud;
  readonly household: Household;
  readonly clock: Clock;
}

/** Ends what contacts have handed over for an emergency that an owner says no to, where its agency was not told yet; again does no harm. */
export async function takeBackContacts(owner: Withdrawing, noes: readonly Hash[]): Promise<void> {
  const releases = await owner.cloud.list(path, "releases", (item) => ({
    ...{ record: item.text("id"), state: item.text("state"), authorisation: item.text("authorisation") },
  }));
  for (const { record, state, authorisation } of releases) {
    const said = parseAuthorisation(textOf(authorisation));
    if (!said.ok || said.value.basis !== "contacts" || !noes.includes(said.value.requestHash)) continue;
    if (waiting.includes(state)) await takeBack(owner, record);
  }
}

/** The release as it is then; `undefined` for what was never handed over. */
export async function takeBack(
  { cloud, household, clock }: Withdrawing,
  record: string,
): Promise<Fields | undefined> {
  if (!isReleaseId(record)) return undefined;
  const withdrawal = { release: record, household: household.newest.household, at: clock.wall() };
  const note = signNote(formatWithdrawal(withdrawal), [noteSigner(cloud.profile)]);
  try {
    await cloud.call({ method: "POST", path: `${path}/${record}/withdraw`, body: { note } });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  }
  return cloud.get(`${path}/${record}`);
}
