import { type Hash, hashOf } from "../../../shared/seal/hash.js";
import { type Fields, fieldsOf } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { type OfficeCloud, openOfficeCloud } from "./cloud.io.js";
import type { Side } from "./profile.io.js";

export interface EmergencyClaim {
  readonly file: string;
  readonly danger: string;
  readonly camera: string;
  readonly from: string;
  readonly to: string;
}

/** Says that a life is in danger. */
export async function emergencyClaim(
  folder: string,
  { file, danger, camera, from, to }: EmergencyClaim,
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  await send(cloud, "/agency/v1/emergencies", { file, danger, camera, from, to }, terminal);
  terminal.say(
    "Within 30 minutes a supervisor cosigns it (lintel agency emergency cosign ID), and operators call back.",
  );
}

export async function emergencyCosign(folder: string, id: string, terminal: Terminal): Promise<void> {
  await send(openOfficeCloud(folder, "agency"), `${of("agency", id)}/cosignature`, undefined, terminal);
}

/** Files what a court says of it: the paper's hash; operators are shown the paper itself. */
export async function emergencyPaper(
  folder: string,
  id: string,
  paper: Uint8Array,
  terminal: Terminal,
): Promise<void> {
  const hash: Hash = hashOf(paper);
  await send(openOfficeCloud(folder, "agency"), `${of("agency", id)}/paper`, { paper: hash }, terminal);
}

export async function emergencyList(folder: string, side: Side, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, side).get(`/${side}/v1/emergencies?limit=200`);
  if (answer.list("emergencies", (one) => show(one, terminal)).length === 0) terminal.say("There is none.");
}

/** The pair on call: the second one agrees, or either denies. */
export async function emergencyAnswer(
  folder: string,
  id: string,
  answer: "agree" | "deny",
  terminal: Terminal,
): Promise<void> {
  await send(openOfficeCloud(folder, "operator"), `${of("operator", id)}/answer`, { answer }, terminal);
}

/** What an operator found of the court's paper. */
export async function emergencyFinding(
  folder: string,
  id: string,
  genuine: boolean,
  terminal: Terminal,
): Promise<void> {
  await send(openOfficeCloud(folder, "operator"), `${of("operator", id)}/finding`, { genuine }, terminal);
}

const of = (side: Side, id: string): string => `/${side}/v1/emergencies/${encodeURIComponent(id)}`;

async function send(
  cloud: OfficeCloud,
  path: string,
  body: object | undefined,
  terminal: Terminal,
): Promise<void> {
  show(fieldsOf(await cloud.call({ method: "POST", path, ...(body && { body }) }), path), terminal);
}

function show(one: Fields, terminal: Terminal): void {
  const [id, state, file] = [one.text("id"), one.text("state"), one.text("file")];
  const [danger, camera, until] = [one.text("danger"), one.text("camera"), one.maybeText("until")];
  terminal.json({ id, state, file, danger, camera, until });
  const by = until === undefined ? "" : `  until ${until}`;
  terminal.say(`${id}  ${state}  ${danger}  ${file}  camera ${camera}${by}`);
}
