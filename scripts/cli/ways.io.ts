import qrcode from "qrcode";
import { type Fields, fieldsOf } from "./fields.js";
import type { Call } from "./http.io.js";
import { openCloud } from "./member/cloud.io.js";
import { openOfficeCloud } from "./office/cloud.io.js";
import type { Side } from "./office/profile.io.js";
import type { Terminal } from "./terminal.io.js";

// How somebody signs in from a browser: passkeys, and a passphrase with a code. The same for members, officers and operators;
// each makes them for nobody but themselves, with their own key.

/** Whose ways in they are. */
export interface Owner {
  /** The command that they use. */
  readonly command: "member" | Side;
  /** The first words of the cloud's routes for them. */
  readonly prefix: string;
  /** How they end the sessions that they opened elsewhere. */
  readonly endsSessions: string;
  call(wanted: Call): Promise<unknown>;
}

export function memberAt(folder: string): Owner {
  const { call } = openCloud(folder);
  return { command: "member", prefix: "/v1", endsSessions: "lintel member sessions", call };
}

export function officeAt(folder: string, side: Side): Owner {
  const { call } = openOfficeCloud(folder, side);
  return { command: side, prefix: `/${side}/v1`, endsSessions: `lintel ${side} logout --everywhere`, call };
}

/** Shows the link by which one browser makes one passkey. It opens no recording and signs nothing: the keys stay here. */
export async function passkeyAdd(
  { call, prefix }: Owner,
  { name, qr }: { readonly name: string; readonly qr?: boolean },
  terminal: Terminal,
): Promise<void> {
  const path = `${prefix}/passkeys/links`;
  const made = fieldsOf(await call({ method: "POST", path, body: { name } }), path);
  const [url, expiresAt] = [made.text("url"), made.text("expiresAt")];
  terminal.json({ url, expiresAt });
  if (qr) terminal.say(await qrcode.toString(url, { type: "terminal", small: true }), "drawing");
  terminal.say("Open this on the device that gets the passkey; it works once, for 10 minutes:");
  terminal.say(`  ${url}`);
  terminal.say("Give it to nobody: whoever opens it signs in as you from then on.");
}

export async function passkeyList({ call, prefix, command }: Owner, terminal: Terminal): Promise<void> {
  const path = `${prefix}/passkeys`;
  const passkeys = fieldsOf(await call({ method: "GET", path }), path).list("passkeys", readPasskey);
  for (const one of passkeys) {
    terminal.json(one);
    const used = one.usedAt === undefined ? "never used" : `last used ${one.usedAt}`;
    terminal.say(`${one.id}  ${one.name}  made ${one.madeAt}, ${used}`);
  }
  if (passkeys.length === 0) terminal.say(`No passkey. Make one: lintel ${command} passkey add NAME`);
}

export async function passkeyRemove(
  { call, prefix, endsSessions }: Owner,
  id: string,
  terminal: Terminal,
): Promise<void> {
  await call({ method: "DELETE", path: `${prefix}/passkeys/${encodeURIComponent(id)}` });
  terminal.json({ removed: id });
  terminal.say("This passkey signs nobody in any more. A session that it opened goes on until it is ended:");
  terminal.say(`  ${endsSessions}`);
}

/** Has the cloud draw words and a code's key, which are shown this once, or ends them. They open no recording. */
export async function passphrase(
  { call, prefix, endsSessions }: Owner,
  { action, qr }: { readonly action: string; readonly qr?: boolean },
  terminal: Terminal,
): Promise<void> {
  const path = `${prefix}/passphrase`;
  if (action === "remove") {
    await call({ method: "DELETE", path });
    terminal.json({ removed: true });
    terminal.say("The words sign nobody in any more. A session that they opened goes on until it is ended:");
    terminal.say(`  ${endsSessions}`);
    return;
  }
  const made = fieldsOf(await call({ method: "POST", path }), path);
  const [name, words, otpauth] = [made.text("name"), made.text("words"), made.text("otpauth")];
  terminal.json({ name, words, otpauth });
  terminal.say("Write these down; they are shown this once. Both are needed to sign in from a browser.");
  terminal.say(`  name   ${name}`);
  terminal.say(`  words  ${words}`);
  terminal.say("And add this to an authenticator app, on another device than the words:");
  if (qr) terminal.say(await qrcode.toString(otpauth, { type: "terminal", small: true }), "drawing");
  terminal.say(`  ${otpauth}`);
}

function readPasskey(fields: Fields) {
  const usedAt = fields.maybeText("usedAt");
  return {
    id: fields.text("id"),
    name: fields.text("name"),
    madeAt: fields.text("madeAt"),
    ...(usedAt !== undefined && { usedAt }),
  };
}
