import { type Fields, fieldsOf } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { openOfficeCloud } from "./cloud.io.js";

const path = "/agency/v1/preservations";

export interface PreservationWish {
  readonly file: string;
  readonly camera: string;
  readonly from: string;
  readonly to: string;
}

/** Asks that one camera's sealed recordings of one window are kept. */
export async function preserveAsk(
  folder: string,
  { file, camera, from, to }: PreservationWish,
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "agency");
  show(
    fieldsOf(await cloud.call({ method: "POST", path, body: { file, camera, from, to } }), path),
    terminal,
  );
  terminal.say(
    "It begins once an operator has called your agency back, at the number of its public agreement.",
  );
}

export async function preserveList(folder: string, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, "agency").get(`${path}?limit=200`);
  if (answer.list("preservations", (order) => show(order, terminal)).length === 0)
    terminal.say("Your agency has asked for none.");
}

export async function preserveRenew(folder: string, id: string, terminal: Terminal): Promise<void> {
  const wanted = `${path}/${encodeURIComponent(id)}/renewal`;
  const answer = await openOfficeCloud(folder, "agency").call({ method: "POST", path: wanted });
  show(fieldsOf(answer, wanted), terminal);
}

function show(order: Fields, terminal: Terminal): void {
  const [id, state, file] = [order.text("id"), order.text("state"), order.text("file")];
  const [camera, from, to] = [order.text("camera"), order.text("from"), order.text("to")];
  const until = order.maybeText("until");
  terminal.json({ id, state, file, camera, from, to, until });
  const end = until === undefined ? "" : `  until ${until}`;
  terminal.say(`${id}  ${state}  ${file}  camera ${camera}  ${from} – ${to}${end}`);
}
