import { identityOf } from "../../../shared/charter/keys.js";
import { fromBase64 } from "../../../shared/kernel/bytes.js";
import { parseTelling } from "../../../shared/release/pressure.js";
import { open } from "../../../shared/seal/age.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { openOfficeCloud } from "./cloud.io.js";

const path = "/operator/v1/pressures";

/** Reports of pressure, newest first, without whose they are. */
export async function pressureList(folder: string, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, "operator").get(`${path}?limit=200`);
  if (answer.list("pressures", (one) => show(one, terminal)).length === 0)
    terminal.say("Nobody has reported pressure.");
}

/** What the member wrote, opened with this operator's own key. */
export async function pressureRead(folder: string, id: string, terminal: Terminal): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const file = fromBase64((await cloud.get(`${path}/${encodeURIComponent(id)}/text`)).text("file"));
  const plain = file.ok ? await open(file.value, [identityOf(cloud.profile.keys.ageSecret)]) : undefined;
  const telling = plain?.ok ? parseTelling(plain.value) : undefined;
  if (telling?.ok !== true)
    throw new Refused("It does not open with your key: it was sealed before the operators' file named it.");
  terminal.json({ id, text: telling.value });
  terminal.say(telling.value === "" ? "The member wrote nothing." : telling.value);
}

/** What this operator finds; another one must find the same. */
export async function pressureFind(
  folder: string,
  id: string,
  finding: string,
  terminal: Terminal,
): Promise<void> {
  const wanted = `${path}/${encodeURIComponent(id)}/finding`;
  const cloud = openOfficeCloud(folder, "operator");
  show(fieldsOf(await cloud.call({ method: "POST", path: wanted, body: { finding } }), wanted), terminal);
}

function show(one: Fields, terminal: Terminal): void {
  const [id, state, agency, kind] = [one.text("id"), one.text("state"), one.text("agency"), one.text("kind")];
  const [at, about, until] = [one.text("at"), one.maybeText("about"), one.maybeText("until")];
  const findings = one.list("findings", (word) => ({ by: word.text("by"), finding: word.text("finding") }));
  terminal.json({ id, state, agency, kind, at, about, until, findings });
  const words = [
    ...(about === undefined ? [] : [`about ${about}`]),
    ...findings.map(({ by, finding }) => `operator ${by}: ${finding}`),
    ...(until === undefined ? [] : [`takes effect ${until}`]),
  ];
  terminal.say([`${id}  ${at}  ${kind}  agency ${agency}  ${state}`, ...words].join("  "));
}
