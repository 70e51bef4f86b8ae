import { type CharterCamera, cameraVerifier } from "../../../shared/charter/lines.js";
import { checkThumbnail, type ThumbnailNote, type ThumbnailRefusal } from "../../../shared/clip/thumbnail.js";
import type { ClipId, HouseholdId } from "../../../shared/kernel/ids.js";
import { ok, type Result, refuse } from "../../../shared/kernel/result.js";
import { type Identity, open } from "../../../shared/seal/age.js";

/** A clip's picture as the vault hands it out. None of it is believed before `openPicture` has checked it. */
export interface SealedPicture {
  readonly clip: ClipId;
  readonly note: string;
  readonly sealed: Uint8Array;
}

export interface PictureTrust {
  readonly household: HouseholdId;
  readonly camera: CharterCamera;
  /** The camera's identities, one an epoch. */
  readonly identities: readonly Identity[];
}

export type PictureRefusal =
  | { readonly kind: "thumbnail-refused"; readonly why: Exclude<ThumbnailRefusal, ThumbnailDiffers> }
  | ThumbnailDiffers
  | { readonly kind: "other-clip"; readonly where: string }
  | { readonly kind: "thumbnail-not-opened"; readonly why: string }
  | { readonly kind: "not-a-jpeg" };
type ThumbnailDiffers = Extract<ThumbnailRefusal, { kind: "thumbnail-differs" }>;

/** The picture, when every byte of it is what the clip's own camera signed as this clip's. */
export async function openPicture(
  { clip, note, sealed }: SealedPicture,
  { household, camera, identities }: PictureTrust,
): Promise<Result<{ readonly jpeg: Uint8Array; readonly note: ThumbnailNote }, PictureRefusal>> {
  const checked = checkThumbnail({ note, sealed }, cameraVerifier(camera));
  if (!checked.ok) {
    const { error } = checked;
    return refuse(error.kind === "thumbnail-differs" ? error : { kind: "thumbnail-refused", why: error });
  }
  const { value } = checked;
  if (value.household !== household || value.camera !== camera.id || value.clip !== clip)
    return refuse({ kind: "other-clip", where: "the picture" });
  const opened = await open(sealed, identities);
  if (!opened.ok) return refuse({ kind: "thumbnail-not-opened", why: opened.error.kind });
  return isJpeg(opened.value) ? ok({ jpeg: opened.value, note: value }) : refuse({ kind: "not-a-jpeg" });
}

/** Start and end of image (ITU-T T.81 §B.1.1.3). */
function isJpeg(data: Uint8Array): boolean {
  const at = data.length - 2;
  return data[0] === 0xff && data[1] === 0xd8 && data[at] === 0xff && data[at + 1] === 0xd9;
}
