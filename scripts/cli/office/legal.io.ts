import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { refuseUnwritable } from "../disk.io.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { openOfficeCloud } from "./cloud.io.js";

const path = "/agency/v1/processes";
const operatorsPath = "/operator/v1/processes";

/** One line of the process, as typed: what of which camera from when to when. */
export interface LegalLine {
  readonly data: string;
  readonly camera: string;
  readonly from: string;
  readonly to: string;
  readonly indoor: boolean;
}

export interface LegalWish {
  readonly file: string;
  readonly type: string;
  readonly line: readonly LegalLine[];
  readonly returnBy?: string;
  readonly gagUntil?: string;
}

/** Serves legal process on the cloud. */
export async function legalServe(folder: string, wish: LegalWish, terminal: Terminal): Promise<void> {
  const { file, type, line: items, returnBy, gagUntil } = wish;
  const body = { file, type, items, ...(returnBy && { returnBy }), ...(gagUntil && { gagUntil }) };
  show(
    fieldsOf(await openOfficeCloud(folder, "agency").call({ method: "POST", path, body }), path),
    terminal,
  );
  terminal.say("An operator calls your agency back at the number of its public agreement; then two decide.");
}

export async function legalList(folder: string, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, "agency").get(`${path}?limit=200`);
  if (answer.list("processes", (one) => show(one, terminal)).length === 0)
    terminal.say("Your agency has served none.");
}

export async function legalWithdraw(folder: string, id: string, terminal: Terminal): Promise<void> {
  const wanted = `${path}/${encodeURIComponent(id)}/withdrawal`;
  const answer = await openOfficeCloud(folder, "agency").call({ method: "POST", path: wanted });
  show(fieldsOf(answer, wanted), terminal);
}

/** Writes what is produced into a file: a tar of sealed recordings and a statement that no key is held. */
export async function legalFetch(folder: string, id: string, out: string, terminal: Terminal): Promise<void> {
  refuseUnwritable(out);
  const wanted = `${path}/${encodeURIComponent(id)}/production`;
  const tar = await openOfficeCloud(folder, "agency").stream({ method: "GET", path: wanted });
  // Whoever is cut off asks again: nothing is counted.
  await pipeline(tar, createWriteStream(out, { mode: 0o600 }));
  terminal.json({ id, file: out });
  terminal.say(`${out} holds what this cloud has, sealed. It has no key, and cannot give one.`);
}

export interface Verdict {
  readonly verdict: string;
  readonly keep?: readonly number[];
}

/** One operator's verdict about a process. */
export async function operatorScope(
  folder: string,
  id: string,
  { verdict, keep = [] }: Verdict,
  terminal: Terminal,
): Promise<void> {
  await step(folder, `${id}/proposal`, { verdict, keep }, terminal);
  terminal.say("Another operator confirms it, or objects: lintel operator confirm | object ID");
}

/** Another operator's yes or no to it, once they have seen it: the answer names the very proposal. */
export async function operatorAnswer(
  folder: string,
  id: string,
  answer: "confirm" | "object",
  terminal: Terminal,
): Promise<void> {
  const all = await openOfficeCloud(folder, "operator").get(`${operatorsPath}?limit=200`);
  const found = all.list("processes", (one) => ({
    id: one.text("id"),
    proposed: one.maybe("proposed", readProposal),
  }));
  const proposed = found.find((one) => one.id === id)?.proposed;
  if (proposed === undefined)
    throw new Refused(`Nobody's verdict about ${id} waits for an answer. See: lintel operator processes`);
  const { by, verdict, keep, proposal } = proposed;
  const lines = keep.length === 0 ? "" : `, lines ${keep.join(", ")}`;
  terminal.warn(`Operator ${by}: ${verdict}${lines}`);
  if (!(await terminal.agreed(answer === "confirm" ? "Confirm it?" : "Object to it?")))
    throw new Refused("Nothing was decided.");
  await step(folder, `${id}/answer`, { answer, proposal }, terminal);
}

export async function operatorProcesses(folder: string, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, "operator").get(`${operatorsPath}?limit=200`);
  if (answer.list("processes", (one) => show(one, terminal)).length === 0)
    terminal.say("No agency has served legal process.");
}

async function step(folder: string, where: string, body: object, terminal: Terminal): Promise<void> {
  const wanted = `${operatorsPath}/${where}`;
  const cloud = openOfficeCloud(folder, "operator");
  show(fieldsOf(await cloud.call({ method: "POST", path: wanted, body }), wanted), terminal);
}

function readProposal(one: Fields) {
  const keep = one.numbers("keep");
  return { by: one.text("by"), verdict: one.text("verdict"), keep, proposal: one.text("hash") };
}

function show(one: Fields, terminal: Terminal): void {
  const [id, state, file, type] = [one.text("id"), one.text("state"), one.text("file"), one.text("type")];
  const items = one.list("items", (item) => ({
    ...{ data: item.text("data"), camera: item.maybeText("camera") },
    ...{ from: item.maybeText("from"), to: item.maybeText("to"), fault: item.maybeText("fault") },
  }));
  const dueAt = one.maybeText("dueAt");
  const proposed = one.maybe("proposed", readProposal);
  terminal.json({ id, state, file, type, items, dueAt, proposed });
  terminal.say(`${id}  ${state}  ${type} ${file}${dueAt === undefined ? "" : `  until ${dueAt}`}`);
  for (const [at, { data, camera = "no camera", from = "", to = "", fault }] of items.entries())
    terminal.say(
      `  ${at}: ${data}, ${camera}, ${from} – ${to}${fault === undefined ? "" : `  reaches nothing: ${fault}`}`,
    );
}
