import qrcode from "qrcode";
import { fieldsOf } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

const path = "/v1/passphrase";

/** Has the cloud draw words and a code's key, which are shown this once, or ends them. They open no recording. */
export async function memberPassphrase(
  folder: string,
  { action, qr }: { readonly action: string; readonly qr?: boolean },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  if (action === "remove") {
    await cloud.call({ method: "DELETE", path });
    terminal.json({ removed: true });
    terminal.say("The words sign nobody in any more. A session that they opened goes on until it is ended:");
    terminal.say("  lintel member sessions");
    return;
  }
  const made = fieldsOf(await cloud.call({ method: "POST", path }), path);
  const [name, words, otpauth] = [made.text("name"), made.text("words"), made.text("otpauth")];
  terminal.json({ name, words, otpauth });
  terminal.say("Write these down; they are shown this once. Both are needed to sign in from a browser.");
  terminal.say(`  name   ${name}`);
  terminal.say(`  words  ${words}`);
  terminal.say("And add this to an authenticator app, on another device than the words:");
  if (qr) terminal.say(await qrcode.toString(otpauth, { type: "terminal", small: true }), "drawing");
  terminal.say(`  ${otpauth}`);
}
