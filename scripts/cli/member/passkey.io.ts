import qrcode from "qrcode";
import { type Fields, fieldsOf } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

const path = "/v1/passkeys";

/** Shows the link by which one browser makes one passkey. It opens no recording: the keys stay here. */
export async function memberPasskeyAdd(
  folder: string,
  { name, qr }: { readonly name: string; readonly qr?: boolean },
  terminal: Terminal,
): Promise<void> {
  const body = { name };
  const made = fieldsOf(await openCloud(folder).call({ method: "POST", path: `${path}/links`, body }), path);
  const [url, expiresAt] = [made.text("url"), made.text("expiresAt")];
  terminal.json({ url, expiresAt });
  if (qr) terminal.say(await qrcode.toString(url, { type: "terminal", small: true }), "drawing");
  terminal.say("Open this on the device that gets the passkey; it works once, for 10 minutes:");
  terminal.say(`  ${url}`);
  terminal.say("Give it to nobody: whoever opens it signs in as you from then on.");
}

export async function memberPasskeyList(folder: string, terminal: Terminal): Promise<void> {
  const passkeys = await openCloud(folder).list(path, "passkeys", readPasskey);
  for (const one of passkeys) {
    terminal.json(one);
    const used = one.usedAt === undefined ? "never used" : `last used ${one.usedAt}`;
    terminal.say(`${one.id}  ${one.name}  made ${one.madeAt}, ${used}`);
  }
  if (passkeys.length === 0) terminal.say("No passkey. Make one: lintel member passkey add NAME");
}

export async function memberPasskeyRemove(folder: string, id: string, terminal: Terminal): Promise<void> {
  await openCloud(folder).call({ method: "DELETE", path: `${path}/${encodeURIComponent(id)}` });
  terminal.json({ removed: id });
  terminal.say("This passkey signs nobody in any more. A session that it opened goes on until it is ended:");
  terminal.say("  lintel member sessions");
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
