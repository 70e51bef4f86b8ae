import { millis } from "../../../shared/kernel/brand.js";
import { toBase64 } from "../../../shared/kernel/bytes.js";
import { isAgencyId, isCourseId, newCourseId } from "../../../shared/kernel/ids.js";
import { formatPressure, formatTelling, type PressureKind } from "../../../shared/release/pressure.js";
import { seal } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { signNote } from "../../../shared/seal/note.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock, systemRandom } from "../world.io.js";
import { boardOf, checkBoard, rememberBoard } from "./board.io.js";
import { noteSigner } from "./charter.io.js";
import { openCloud } from "./cloud.io.js";

const path = "/v1/household/pressures";

export interface ReportWish {
  readonly agency: string;
  readonly kind: PressureKind;
  readonly at: string;
  readonly about?: string;
  readonly text?: string;
  /** Nobody is asked. */
  readonly yes?: boolean;
}

/** Tells the review board that an agency pressed the household: signed, and what happened sealed to the operators. */
export async function memberReport(folder: string, wish: ReportWish, terminal: Terminal): Promise<void> {
  const { agency, kind, about = "none" } = wish;
  const at = millis(Date.parse(wish.at));
  if (at > systemClock.wall()) throw new Refused("--at lies in the future. When did it happen?");
  if (!isAgencyId(agency))
    throw new Refused("--agency must be an agency's id: 16 characters, as /record has it.");
  if (about !== "none" && !isCourseId(about))
    throw new Refused("--about must be the id of a request or an order, as requests and notices show it.");
  const cloud = openCloud(folder);
  const { household } = (await cloud.household()).newest;
  const readers = await boardOf(cloud);
  await checkBoard(folder, readers, wish, terminal);
  const words = wish.text ?? (await terminal.typed("What happened? The operators alone read it.")) ?? "";
  const telling = formatTelling(words);
  if (!telling.ok) throw new Refused("What happened must fit into 2,048 bytes. Say it in fewer words.");
  const names = readers.map(({ name }) => name).join(", ");
  if (!(await terminal.agreed(`Send this to the review board (${names})? It cannot be taken back.`)))
    throw new Refused("Nothing was sent.");
  rememberBoard(folder, readers);
  const file = await seal(
    telling.value,
    readers.map(({ recipient }) => recipient),
  );
  const signed = systemClock.wall();
  const text = formatPressure({
    ...{ household, report: newCourseId(signed, systemRandom), member: cloud.profile.member },
    ...{ agency, kind, at, about, sealed: hashOf(file), signed },
  });
  const body = { note: signNote(text, [noteSigner(cloud.profile)]), file: toBase64(file) };
  show(fieldsOf(await cloud.call({ method: "POST", path, body, repeatable: true }), path), terminal);
  terminal.say(
    "Two operators look at it. The agency learns neither that you reported it nor when: what follows for it comes weeks later, for all agencies at one time.",
  );
}

/** What this member reported, newest first. */
export async function memberReports(folder: string, terminal: Terminal): Promise<void> {
  const reports = await openCloud(folder).list(path, "pressures", (one) => show(one, terminal));
  if (reports.length === 0) terminal.say("You have reported nothing to the review board.");
}

const sentences: Readonly<Record<string, string>> = {
  received: "waits for the review board",
  upheld: "upheld by two operators",
  "not-upheld": "not upheld by two operators",
  "acted-on": "upheld, and held against the agency",
};

function show(one: Fields, terminal: Terminal): void {
  const [id, state, agency, kind] = [one.text("id"), one.text("state"), one.text("agency"), one.text("kind")];
  const [at, about, until] = [one.text("at"), one.maybeText("about"), one.maybeText("until")];
  terminal.json({ id, state, agency, kind, at, about, until });
  const effect = until === undefined ? "" : `; takes effect ${until}`;
  terminal.say(`${id}  ${at}  ${kind}  agency ${agency}  ${sentences[state] ?? state}${effect}`);
}
