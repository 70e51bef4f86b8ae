import { existsSync, readdirSync } from "node:fs";
import { test } from "tap";
import { openCloud } from "../../scripts/cli/member/cloud.io.js";
import { timeOf } from "../../shared/kernel/ids.js";
import { inVault, openEach, untilArrived } from "../rig/host/evidence.io.js";
import { type House, openHouse } from "../rig/host/house.io.js";

const library = readdirSync("/usr/lib")
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));
const skip = library === undefined && "libfaketime is not installed";

const dayMillis = 24 * 3_600_000;
const arriveMillisMax = 60_000;

/** Ten years back, no certificate is valid yet: what a board without a clock battery believes after a long time in a drawer. */
for (const days of [365, -365, -3650]) {
  test(`a camera whose clock is ${days} days off loses nothing, and says that its clock is not set`, {
    skip,
  }, async (t) => {
    const wrong = {
      LD_PRELOAD: `${library}`,
      FAKETIME: `${days < 0 ? "" : "+"}${days}d`,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    const camera = { ...wrong, LINTEL_PREROLL: "1", LINTEL_POSTROLL: "2" };
    const source = "scene:seed=5,size=320x180,fps=10,quiet";
    const house = await openHouse({ source, broker: "embedded", camera });
    try {
      await house.press();
      await clipEnded(house);
      t.same(await untilArrived(house, arriveMillisMax), []);
      const vault = await inVault(house);
      const opened = await openEach(house, vault);
      t.ok(opened.size > 0, "it opens all the same");
      for (const [clip, seconds] of opened) {
        t.ok(seconds > 0);
        t.ok(Math.abs(timeOf(clip) - Date.now() - days * dayMillis) < dayMillis, "under its own wrong time");
      }
      t.equal(await clockOf(house), "unsynchronised");
    } finally {
      await house.close();
    }
  });
}

/** The camera says of a clip's last segment that it is sealed. */
async function clipEnded({ log }: House): Promise<void> {
  const ended = (): boolean =>
    log.some(({ event, fields }) => event === "clip.sealed" && fields.maybeText("end") === "complete");
  for (let waited = 0; !ended() && waited < arriveMillisMax; waited += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function clockOf({ places }: House): Promise<string | undefined> {
  const cameras = await openCloud(places.member).get("/v1/cameras");
  const [clock] = cameras.list("cameras", (camera) =>
    camera.maybe("status", (status) => status.maybeText("clock")),
  );
  return clock;
}
