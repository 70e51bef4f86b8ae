// A camera moves to another household: removed by the one, reset, claimed by the other.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { t as tap, test } from "tap";
import { reset } from "../../scripts/cli/install/reset.io.js";
import { cameraIdentities } from "../../scripts/cli/member/cameras.io.js";
import { clipIdOf } from "../../scripts/cli/member/clips.io.js";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { download } from "../../scripts/cli/member/download.io.js";
import { memberCameraKeys } from "../../scripts/cli/member/members.io.js";
import { placesIn, quiet, settle } from "../../scripts/demo/home.io.js";
import { openAsOwner } from "../../scripts/demo/recordings.io.js";
import { open } from "../../shared/seal/age.js";
import { type House, openHouse } from "../rig/host/house.io.js";

tap.setTimeout(180_000);
const source = "scene:seed=1,size=320x180,fps=10";

/** Presses the bell; the whole clip is in the vault when it resolves. */
async function visit(house: House): Promise<string> {
  const whole = () =>
    house.log.findLast(
      ({ event, fields }) => event === "clip.sealed" && fields.maybeText("end") === "complete",
    );
  const of = (name: string, clip: string): number =>
    house.log.filter(
      ({ event, fields }) =>
        event === name && [fields.maybeText("clip"), fields.maybeText("clipId")].includes(clip),
    ).length;
  const before = whole();
  await house.press();
  await until("a clip is sealed", () => whole() !== before);
  const clip = whole()?.fields.text("clipId") ?? "";
  await until("it is in the vault", () => of("uplink.acknowledged", clip) >= of("clip.sealed", clip));
  return clip;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within a minute`);
    await wait(20);
  }
}

/** Whether this member's keys of this camera open what that member downloads. */
async function opens(by: string, camera: string, owner: string, clip: string): Promise<boolean> {
  const cloud = openCloud(by);
  const keys = await cameraIdentities(cloud, await cloud.household(), camera);
  const folder = join(owner, `downloaded-${clip}`);
  const { sealed } = await download(openCloud(owner), { clip: clipIdOf(clip), folder }, quiet());
  const [first] = sealed.segments;
  if (first === undefined) throw new Error("nothing was recorded");
  return (
    await open(
      first.sealed,
      keys.map(({ identity }) => identity),
    )
  ).ok;
}

test("of a camera that moved the first household reads nothing new, and the second nothing old", async (t) => {
  const camera = { LINTEL_PREROLL: "1", LINTEL_POSTROLL: "2" };
  const house = await openHouse({ source, broker: "embedded", camera });
  t.teardown(() => house.close());
  const first = house.places;
  const old = await visit(house);

  await memberCameraKeys(first.member, { camera: house.camera, change: "remove" }, quiet());
  await until("it hears that it was removed", () =>
    house.log.some(({ event }) => event === "charter.followed"),
  );
  await t.rejects(reset(first.camera, quiet()), { message: /firmware is running on .*systemctl stop/ });
  await house.stop("camera");
  await reset(first.camera, quiet());
  t.notOk(existsSync(join(first.camera, "identity")));
  const second = { ...placesIn(join(first.videos, "second")), camera: first.camera };
  const moved = await settle(second, house.cloudUrl, source);
  t.not(moved.camera, house.camera, "a reset makes another camera of it");
  await house.start("camera");
  const fresh = await visit(house);

  await openAsOwner(first, old);
  await openAsOwner(second, fresh);
  await t.rejects(openAsOwner(second, old), "the cloud shows the second nothing of before");
  await t.rejects(openAsOwner(first, fresh), "and the first nothing of now");
  t.ok(await opens(first.member, house.camera, first.member, old));
  t.notOk(await opens(first.member, house.camera, second.member, fresh), "and had they the bytes");
  t.notOk(await opens(second.member, moved.camera, first.member, old));
});
