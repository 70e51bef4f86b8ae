import { newIdentity, recipientOf, seal } from "../../../shared/seal/age.js";
import { type Fields, fieldsOf } from "../fields.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { clipIdOf } from "./clips.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";
import { openVerified } from "./open.io.js";

const path = "/v1/shares";
/** As the cloud takes them. */
const pieceBytes = 2 * 1024 * 1024;
const piecesMax = 128;
const identityPrefix = "AGE-SECRET-KEY-1";

export interface ShareOptions {
  readonly clip: string;
  readonly hours: number;
  readonly views?: number;
}

/** Seals a verified clip anew, to a key made for this link: the camera's own key, and the clip's, go to nobody. */
export async function memberShare(
  folder: string,
  { clip: clipText, hours, views }: ShareOptions,
  terminal: Terminal,
): Promise<void> {
  const clip = clipIdOf(clipText);
  const cloud = openCloud(folder);
  const { recording, forget } = await openVerified(cloud, clip, terminal);
  const identity = await newIdentity();
  const sealed = await seal(recording.mp4, [await recipientOf(identity)]);
  const pieces = Math.ceil(sealed.length / pieceBytes);
  if (pieces > piecesMax)
    throw new Refused("This recording is longer than a link can hold. Open it, and send a part of it.");
  const body = { clip, hours, pieces, ...(views !== undefined && { views }) };
  const made = fieldsOf(await cloud.create(path, body), path);
  const [id, expiresAt] = [made.text("id"), made.text("expiresAt")];
  await upload(cloud, { id, sealed, pieces }, terminal);
  forget();
  // The client's own address of the cloud: the key is in what it prints, and in nothing that it sends.
  const key = identity.slice(identityPrefix.length).toLowerCase();
  const url = `${new URL(cloud.profile.cloudUrl).origin}/s/${encodeURIComponent(id)}#${key}`;
  terminal.json({ share: id, url, clip, expiresAt, ...(views !== undefined && { views }) });
  terminal.say("Whoever has this link sees the recording:");
  terminal.say(`  ${url}`);
  const often = views === undefined ? "" : `, ${views === 1 ? "once" : `${views} times at most`}`;
  terminal.say(`It opens until ${expiresAt}${often}; each opening is noted (lintel member audit).`);
  terminal.say(`Take it back: lintel member shares revoke ${id}. Nobody can take back what was saved.`);
  if (recording.hole) terminal.warn("The recording has a gap: only what stands before it is shared.");
}

interface Upload {
  readonly id: string;
  readonly sealed: Uint8Array;
  readonly pieces: number;
}

/** What does not come whole is not left lying there. */
async function upload(cloud: Cloud, { id, sealed, pieces }: Upload, terminal: Terminal): Promise<void> {
  const of = `${path}/${encodeURIComponent(id)}`;
  try {
    for (let piece = 0; piece < pieces; piece++) {
      terminal.progress(`sending piece ${piece + 1} of ${pieces} …`);
      const bytes = sealed.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
      await cloud.call({ method: "PUT", path: `${of}/pieces/${piece}`, bytes, repeatable: true });
    }
  } catch (error) {
    await cloud.call({ method: "DELETE", path: of }).catch(() => undefined);
    throw error;
  }
}

/** Lists the links that still open, or ends one. */
export async function memberShares(
  folder: string,
  { action, share }: { readonly action?: string; readonly share?: string },
  terminal: Terminal,
): Promise<void> {
  const cloud = openCloud(folder);
  if (action === "revoke") {
    if (share === undefined) throw new Refused("Say which: lintel member shares revoke ID");
    await cloud.call({ method: "DELETE", path: `${path}/${encodeURIComponent(share)}` });
    terminal.json({ revoked: share });
    terminal.say(`Link ${share} opens no more. Nobody can take back what was saved from it.`);
    return;
  }
  const shares = await cloud.list(path, "shares", readShare);
  for (const one of shares) {
    terminal.json(one);
    const of = one.viewsMax === undefined ? "" : ` of ${one.viewsMax}`;
    const seen = one.whole ? `opened ${one.views}${of} times` : "not sent whole";
    terminal.say(`${one.id}  clip ${one.clip}  until ${one.expiresAt}  ${seen}  by ${one.member}`);
  }
  if (shares.length === 0) terminal.say("No link opens anything. Make one: lintel member share CLIP");
}

function readShare(fields: Fields) {
  const viewsMax = fields.maybeNumber("viewsMax");
  return {
    id: fields.text("id"),
    clip: fields.text("clip"),
    member: fields.text("member"),
    madeAt: fields.text("madeAt"),
    expiresAt: fields.text("expiresAt"),
    whole: fields.maybeFlag("whole") ?? false,
    views: fields.number("views"),
    ...(viewsMax !== undefined && { viewsMax }),
  };
}
