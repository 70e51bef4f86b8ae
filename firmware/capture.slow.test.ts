import { join } from "node:path";
import { test } from "tap";
import { directory, run, skip } from "./camera/watch.io.js";
import { record, rigOf } from "./capture.contract.js";

test("a picture of nothing is trouble within a minute, and no motion", {
  skip,
  timeout: 90_000,
}, async (t) => {
  const path = join(await directory(t), "black.mp4");
  const black = ["-f", "lavfi", "-i", "color=black:size=320x240:rate=10:duration=2"];
  await run("ffmpeg", ["-v", "error", ...black, "-g", "10", path]);
  const { capture, clips, until } = rigOf(t, `file:${path}?loop=1`);
  await capture.apply(record());
  const started = performance.now();
  await until(({ trouble }) => trouble?.includes("lens covered") === true);
  t.ok(performance.now() - started < 60_000);
  t.same(clips, []);
});
