import { join } from "node:path";
import { storeClip, type TestCloud } from "../../../cloud/api/testing.js";
import { type Board, keyFile, newBoard, nextCharter } from "../../../cloud/api/testpeople.js";
import { signCharter } from "../../../shared/charter/charter.js";
import { formatFragment, signManifest } from "../../../shared/clip/manifest.js";
import { factsOf, formatPlain } from "../../../shared/clip/plain.js";
import { splitFmp4 } from "../../../shared/clip/split.js";
import { type Millis, millis } from "../../../shared/kernel/brand.js";
import { type ClipId, newClipId } from "../../../shared/kernel/ids.js";
import { film } from "../../../shared/release/home.contract.js";
import { hashOf } from "../../../shared/seal/hash.js";
import { close } from "../../../shared/seal/opening.js";
import { quiet } from "../../demo/home.io.js";
import { noteSigner } from "../member/charter.io.js";
import { openCloud } from "../member/cloud.io.js";
import { memberInit } from "../member/init.io.js";
import { needProfile } from "../member/profile.io.js";
import { systemRandom as random } from "../world.io.js";

// A household at its own command line, with a camera and what that filmed, on a cloud whose clock can be set forward.

/** A cloud that listens, and a folder for everybody's keys. */
export interface World {
  readonly cloud: TestCloud;
  readonly origin: string;
  readonly room: string;
}

export interface Home {
  readonly folder: string;
  readonly board: Board;
  readonly household: string;
}

/** A household of one owner, by their own command line, with a camera. */
export async function newHome({ origin, room }: World, name: string): Promise<Home> {
  const folder = join(room, name);
  await memberInit(folder, { cloud: origin, name }, quiet());
  const profile = needProfile(folder);
  const at = openCloud(folder);
  const { newest } = await at.household();
  const board = await newBoard("Front door");
  const charter = nextCharter(newest, { cameras: [board.line] });
  const signed = signCharter(charter, [noteSigner(profile)], random);
  const me = newest.members.map((member) => ({ member })) as never;
  const body = { charter: signed, keyFiles: [await keyFile(board, me)] };
  await at.call({ method: "PUT", path: "/v1/household/charter", body });
  return { folder, board, household: profile.household };
}

/** Six seconds with sound, as its camera would have stored them. */
export async function filmed({ cloud }: World, { folder, board }: Home, start: Millis): Promise<ClipId> {
  const { newest } = await openCloud(folder).household();
  const split = splitFmp4(film({ seconds: 6, sound: true }));
  if (!split.ok) throw new Error("no film");
  const { init, fragments } = split.value;
  const clip = newClipId(start, random);
  const head = {
    ...{ household: newest.household, camera: board.id, clip, start, monotonic: millis(5_000) },
    ...({ clock: "synchronised", trigger: "press", charter: newest.hash, previous: "none" } as const),
    init: hashOf(init.bytes),
  } as const;
  const lines = fragments.map((fragment, index) => close(formatFragment(factsOf(fragment, index)), random));
  const manifest = signManifest(head, lines, "complete", board.note);
  const parts = fragments.map(({ bytes }) => bytes);
  const plain = formatPlain({ init: init.bytes, fragments: parts, manifest });
  await storeClip(cloud, { board, household: newest.household }, plain, clip);
  return clip;
}
