import { X509Certificate } from "node:crypto";
import { recoveryIdOf } from "../../../shared/charter/recovery.js";
import { fromBase64, fromUtf8, toBase64, toUtf8 } from "../../../shared/kernel/bytes.js";
import { newPassphrase, readPassphrase } from "../../../shared/kernel/words.js";
import { openWithPassphrase, sealToPassphrase } from "../../../shared/seal/age.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { fieldsOf } from "../fields.js";
import { call, Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemRandom } from "../world.io.js";
import { openCloud } from "./cloud.io.js";
import { sheetOf } from "./sheet.io.js";
import { readSheet, type Sheet } from "./sheet.js";
import { originOf, trustedCa } from "./trust.io.js";

const path = "/v1/recovery";

/** A passphrase that brings this member back to another computer: shows whether there is one, draws one, or ends it. */
export async function memberRecovery(
  folder: string,
  act: "show" | "new" | "remove",
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  if (act === "remove") {
    await cloud.call({ method: "DELETE", path });
    terminal.json({ event: "removed" });
    return terminal.say("No passphrase brings you back any more. The recovery sheet does, as before.");
  }
  if (act === "show") {
    const madeAt = await cloud.get(path).then((fields) => fields.text("madeAt"), unlessThere);
    terminal.json({ madeAt: madeAt ?? null });
    return terminal.say(
      madeAt === undefined
        ? "You have no recovery passphrase. Draw one: lintel member recovery new"
        : `Your recovery passphrase is from ${madeAt}.`,
    );
  }
  const caHash = hashOf(new X509Certificate(cloud.profile.ca).raw);
  const passphrase = newPassphrase(systemRandom);
  const file = await sealToPassphrase(toUtf8(sheetOf(cloud.profile)), passphrase);
  const body = { id: recoveryIdOf(passphrase), file: toBase64(file) };
  await cloud.call({ method: "PUT", path, body, repeatable: true });
  terminal.json({ event: "made", passphrase, caHash });
  terminal.say("Your recovery passphrase, shown here and never again:");
  terminal.say(`  ${passphrase}`);
  terminal.say("Whoever has it opens every recording of the household. An earlier one counts no more.");
  terminal.say(
    `On another computer: lintel member restore --cloud ${cloud.profile.cloudUrl} --ca-hash ${caHash} --passphrase -`,
  );
}

function unlessThere(error: unknown): undefined {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
}

/** The sheet that a passphrase opens, from the cloud; what it says of cloud and household was sealed by the member. */
export async function fetchSheet(
  typed: string,
  { cloud, caHash }: { readonly cloud?: string; readonly caHash?: string },
): Promise<Sheet> {
  if (cloud === undefined) throw new Refused("A passphrase needs the cloud's address: --cloud URL");
  const passphrase = readPassphrase(typed);
  const url = originOf(cloud);
  const ca = await trustedCa({ url }, caHash);
  const wanted = { method: "GET", path: `${path}/${recoveryIdOf(passphrase)}` } as const;
  const answer = await call({ url, ca }, wanted).catch(unlessThere);
  if (answer === undefined)
    throw new Refused(
      "No member of this cloud has that passphrase: compare each word. It counts no more once another was drawn, or the member was taken out.",
    );
  const file = fromBase64(fieldsOf(answer, path).text("file"));
  const opened = file.ok ? await openWithPassphrase(file.value, passphrase) : undefined;
  const text = opened?.ok ? fromUtf8(opened.value) : undefined;
  const sheet = text?.ok ? readSheet(text.value) : undefined;
  if (sheet === undefined)
    throw new Refused(
      "What the cloud kept is damaged: the passphrase opens it no more. Use the recovery sheet.",
    );
  return sheet;
}
