import { setTimeout as wait } from "node:timers/promises";
import { fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

const path = "/v1/webhooks";
/** A test's answer is waited for so long. */
const testMillisMax = 20_000;
const lookMillis = 500;

export async function memberWebhookAdd(folder: string, url: string, terminal: Terminal): Promise<void> {
  const made = fieldsOf(await openCloud(folder).create(path, { url }), path);
  const [id, secret] = [made.text("id"), made.text("secret")];
  terminal.json({ id, url: made.text("url"), secret });
  terminal.say(`Webhook ${id} is told of presses, motion, gaps and ended recordings from now on.`);
  terminal.say(`Its secret, shown this once, for checking signatures (Standard Webhooks): ${secret}`);
  terminal.say(`Try it: lintel member webhook test ${id}`);
}

export async function memberWebhookList(folder: string, terminal: Terminal): Promise<void> {
  const webhooks = await openCloud(folder).list(path, "webhooks", (fields) => ({
    id: fields.text("id"),
    url: fields.text("url"),
    ended: fields.maybeFlag("ended") ?? false,
  }));
  for (const webhook of webhooks) {
    terminal.json(webhook);
    const ended = webhook.ended ? "  (it said that it is gone; nothing is sent to it)" : "";
    terminal.say(`${webhook.id}  ${webhook.url}${ended}`);
  }
  if (webhooks.length === 0) terminal.say("No webhook. Add one: lintel member webhook add URL");
}

export async function memberWebhookRemove(folder: string, id: string, terminal: Terminal): Promise<void> {
  await openCloud(folder).call({ method: "DELETE", path: `${path}/${encodeURIComponent(id)}` });
  terminal.json({ removed: id });
  terminal.say(`Webhook ${id} is told nothing more.`);
}

/** Sends a test and tells what the receiver answered. */
export async function memberWebhookTest(folder: string, id: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const webhook = `${path}/${encodeURIComponent(id)}`;
  const message = fieldsOf(await cloud.create(`${webhook}/test`), webhook).text("message");
  for (const until = performance.now() + testMillisMax; performance.now() < until; await wait(lookMillis)) {
    const sent = await cloud.list(`${webhook}/deliveries`, "deliveries", (fields) => ({
      message: fields.text("message"),
      state: fields.text("state"),
      answer: fields.maybeText("answer"),
    }));
    const one = sent.find((delivery) => delivery.message === message);
    if (one?.answer === undefined) continue;
    terminal.json(one);
    if (one.state !== "delivered")
      throw new Refused(`The receiver did not take the test (${one.answer}). The cloud goes on trying.`);
    terminal.say(`The receiver took the test (${one.answer}).`);
    return;
  }
  throw new Refused("The receiver has not answered yet. The cloud goes on trying.");
}

/** Sends again what happened since a time, with the ids that it had. */
export async function memberWebhookReplay(
  folder: string,
  { id, since }: { readonly id: string; readonly since: string },
  terminal: Terminal,
): Promise<void> {
  const to = `${path}/${encodeURIComponent(id)}/replay`;
  const messages = fieldsOf(await openCloud(folder).create(to, { since }), to).number("messages");
  terminal.json({ id, messages });
  terminal.say(`${messages} messages are sent again.`);
}
