// A clip's sealed picture as cameras sign it, for tests.
import { formatThumbnail } from "../../shared/clip/thumbnail.js";
import { bytes } from "../../shared/kernel/brand.js";
import type { CameraId, ClipId, HouseholdId } from "../../shared/kernel/ids.js";
import { writeMessage } from "../../shared/protocol/messages.js";
import { newIdentity, recipientOf, seal, splitHeader } from "../../shared/seal/age.js";
import { hashOf } from "../../shared/seal/hash.js";
import { type Signer, signNote } from "../../shared/seal/note.js";
import { systemClock, systemRandom } from "./segment.contract.js";

export interface RigThumbnail {
  readonly clip: ClipId;
  readonly take: number;
  readonly note: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly file: Uint8Array;
}

interface Wish {
  readonly clip: ClipId;
  readonly take?: number;
  readonly plain?: Uint8Array;
  readonly recipient?: string;
}

export async function makeThumbnail(
  camera: { readonly id: CameraId; readonly household: HouseholdId; readonly signer: Signer },
  { clip, take = 1, plain = systemRandom.bytes(20_000), recipient }: Wish,
): Promise<RigThumbnail> {
  const file = await seal(plain, [recipient ?? (await recipientOf(await newIdentity()))]);
  const split = splitHeader(file);
  if (!split.ok) throw new Error("an age file has no header");
  const { id, household, signer } = camera;
  const facts = { at: systemClock.wall(), bytes: bytes(file.length), sha256: hashOf(file) };
  const text = formatThumbnail({ household, camera: id, clip, take, ...facts });
  return { clip, take, note: signNote(text, [signer]), ...split.value, file };
}

export function thumbnailMessage({ note, header, body }: RigThumbnail): Uint8Array {
  const [head, rest] = [header, body].map((one) => Buffer.from(one).toString("base64"));
  return writeMessage({ v: 1, note, header: head, body: rest });
}
