import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

export interface TokenOptions {
  readonly what?: string;
  readonly scopes: string;
  readonly days: number;
}

/** Makes, lists or ends the member's access tokens. A token opens no recording: the keys stay here. */
export async function memberToken(
  folder: string,
  action: string,
  { what, scopes, days }: TokenOptions,
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  const path = "/v1/tokens";
  if (action === "list") {
    const tokens = await cloud.list(path, "tokens", readToken);
    for (const one of tokens) {
      terminal.json(one);
      const used = one.usedAt === undefined ? "never used" : `last used ${one.usedAt}`;
      terminal.say(`${one.id}  ${one.name}  ${one.scopes.join(", ")}  until ${one.expiresAt}, ${used}`);
    }
    if (tokens.length === 0) terminal.say("No token. Make one: lintel member token create NAME");
    return;
  }
  if (what === undefined)
    throw new Refused(`Say which: lintel member token ${action} ${action === "create" ? "NAME" : "ID"}`);
  if (action === "revoke") {
    await cloud.call({ method: "DELETE", path: `${path}/${encodeURIComponent(what)}` });
    terminal.json({ revoked: what });
    terminal.say(`Token ${what} is over, everywhere.`);
    return;
  }
  const body = { name: what, scopes: scopes.split(","), days };
  const made = fieldsOf(await cloud.create(path, body), path);
  terminal.json({ ...readToken(made), token: made.text("token") });
  terminal.say(made.text("token"));
  terminal.say(`It is shown this once; it is good for ${scopes} until ${made.text("expiresAt")}.`);
}

function readToken(fields: Fields) {
  const usedAt = fields.maybeText("usedAt");
  return {
    id: fields.text("id"),
    name: fields.text("name"),
    scopes: fields.texts("scopes"),
    madeAt: fields.text("madeAt"),
    ...(usedAt !== undefined && { usedAt }),
    expiresAt: fields.text("expiresAt"),
  };
}
