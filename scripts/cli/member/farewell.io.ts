import { Refused } from "../refused.js";
import { forgetSession } from "../session.io.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud, signedLogin } from "./cloud.io.js";

/** Deletes the household in the cloud, with every recording there. The keys on this computer stay. */
export async function memberDeleteHousehold(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const { profile } = cloud;
  const { cameras, household } = (await cloud.household()).newest;
  const agreed = await terminal.agreed(
    `Delete household ${household} with its ${cameras.length} cameras' recordings at ${profile.cloudUrl}, for everybody and for ever?`,
  );
  if (!agreed) throw new Refused("Nothing was deleted.");
  const body = { note: await signedLogin(profile) };
  await cloud.call({ method: "DELETE", path: "/v1/household", body, repeatable: false });
  forgetSession(folder);
  terminal.json({ deleted: household });
  terminal.say(
    `Household ${household} is gone from ${profile.cloudUrl}: no row and no recording is left there.`,
  );
  terminal.say(
    "Its backups open nothing after 7 days. Cameras keep what they hold until each is reset: lintel reset",
  );
}
