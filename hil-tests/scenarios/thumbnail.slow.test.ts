// Pictures of clips through the whole house: camera, broker, cloud, owner, as real processes.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t, { test } from "tap";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { memberDelete } from "../../scripts/cli/member/deletion.io.js";
import { memberThumbnail } from "../../scripts/cli/member/thumbnail.io.js";
import { quiet } from "../../scripts/demo/home.io.js";
import { type House, openHouse } from "../rig/host/house.io.js";

t.setTimeout(240_000);

async function until(what: string, holds: () => boolean, millisMax = 90_000): Promise<void> {
  const deadline = performance.now() + millisMax;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${millisMax} ms`);
    await wait(50);
  }
}

const taken = ({ log }: House): readonly string[] =>
  log.flatMap(({ event, fields }) =>
    event === "uplink.thumbnail" && fields.text("answer") === "stored" ? [fields.text("clip")] : [],
  );

/** The opened JPEG's size in pixels, and its grey inside. */
function greyOf(file: string): Uint8Array {
  const args = ["-v", "error", "-i", file, "-vf", "format=yuv420p,extractplanes=y", "-f", "rawvideo", "-"];
  return execFileSync("ffmpeg", args, { maxBuffer: 16 * 1024 * 1024 });
}

test("a visitor's picture is at the owner's while the clip still records, survives an outage, and goes with the clip", async (t) => {
  const source = "scene:seed=3,size=640x360,fps=10,first=3,every=300";
  const camera = { LINTEL_POSTROLL: "3" };
  const house = await openHouse({ source, broker: "embedded", camera });
  t.teardown(() => house.close());
  await until("the first picture is stored", () => taken(house).length > 0);
  const events = house.log.map(({ event, fields }) => `${event} ${fields.maybeText("end") ?? ""}`.trim());
  const stored = events.indexOf("thumbnail.stored");
  t.ok(stored > 0 && !events.slice(0, stored).includes("clip.sealed complete"), "before the clip's end");
  const [clip = ""] = taken(house);
  const out = join(house.places.videos, "door.jpg");
  await memberThumbnail(house.places.member, { clip, out }, quiet());
  t.equal(greyOf(out).length, 640 * 360);

  await house.stop("cloud");
  await house.press();
  const sealed = (): number => house.log.filter(({ event }) => event === "thumbnail.sealed").length;
  const before = sealed();
  await house.press();
  await until("a picture is sealed without a cloud", () => sealed() > before);
  const done = taken(house).length;
  await house.start("cloud");
  await until("it arrives after the outage", () => taken(house).length > done);

  await memberDelete(house.places.member, clip, quiet());
  const again = join(house.places.videos, "again.jpg");
  await t.rejects(memberThumbnail(house.places.member, { clip, out: again }, quiet()), {
    message: /not yours/,
  });
  t.notOk(existsSync(again));
  const page = await openCloud(house.places.member).get("/v1/clips?limit=10");
  t.notMatch(JSON.stringify(page.list("clips", (one) => one.text("id"))), clip);
});
