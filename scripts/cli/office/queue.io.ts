import type { Fields } from "../fields.js";
import { fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type OfficeCloud, openOfficeCloud } from "./cloud.io.js";

const plurals: Readonly<Record<string, string>> = {
  preservation: "preservations",
  process: "processes",
  emergency: "emergencies",
};

interface Waiting {
  readonly id: string;
  readonly what: string;
  readonly state: string;
  readonly since: string;
  readonly name?: string | undefined;
  readonly phone?: string | undefined;
}

/** What waits for an operator, the oldest first. */
export async function operatorQueue(folder: string, terminal: Terminal): Promise<void> {
  const waiting = await queueOf(openOfficeCloud(folder, "operator"));
  for (const one of waiting) {
    terminal.json(one);
    const { id, what, state, since, name, phone } = one;
    const whose = name === undefined ? "" : `  ${name}${phone === undefined ? "" : `  call ${phone}`}`;
    terminal.say(`${since}  ${what} ${id}  ${state}${whose}`);
  }
  if (waiting.length === 0) terminal.say("Nothing waits for an operator.");
}

export interface CallBackOptions {
  readonly called: string;
  readonly notAuthentic?: boolean;
}

/** Notes what an agency said when it was called back. */
export async function operatorCallback(
  folder: string,
  id: string,
  { called, notAuthentic = false }: CallBackOptions,
  terminal: Terminal,
): Promise<void> {
  const cloud = openOfficeCloud(folder, "operator");
  const found = (await queueOf(cloud)).find((one) => one.id === id && one.phone !== undefined);
  if (found === undefined)
    throw new Refused(`No call-back about ${id} waits. See what does: lintel operator queue`);
  const path = `/operator/v1/${plurals[found.what] ?? found.what}/${id}/callback`;
  const body = { called, authentic: !notAuthentic };
  const state = fieldsOf(await cloud.call({ method: "POST", path, body }), path).text("state");
  terminal.json({ id, what: found.what, state });
  terminal.say(`${found.what} ${id}  ${state}`);
}

async function queueOf(cloud: OfficeCloud): Promise<readonly Waiting[]> {
  return (await cloud.get("/operator/v1/queue")).list("waiting", readWaiting);
}

function readWaiting(one: Fields): Waiting {
  return {
    ...{ id: one.text("id"), what: one.text("what"), state: one.text("state"), since: one.text("since") },
    ...{ name: one.maybeText("name"), phone: one.maybeText("phone") },
  };
}
