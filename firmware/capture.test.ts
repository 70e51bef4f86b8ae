import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Test, test } from "tap";
import type { Ffmpeg } from "./camera/finder.io.js";
import type { Mask } from "./camera/mask.js";
import { card, directory, h264, program, skip } from "./camera/watch.io.js";
import { record, rigOf } from "./capture.contract.js";

/** In place of ffmpeg: says when it starts, and when it ends, which takes it a while. */
async function slowToEnd(
  t: Test,
): Promise<{ readonly ffmpeg: Ffmpeg; readonly alive: () => Promise<number> }> {
  const diary = join(await directory(t), "diary");
  await appendFile(diary, "");
  const note = (sign: string): string => `require("fs").appendFileSync(${JSON.stringify(diary)}, "${sign}")`;
  const path = await program(
    t,
    "ffmpeg",
    `process.on("SIGTERM", () => setTimeout(() => { ${note("-")}; process.exit(0); }, 100));
     ${note("+")}; setInterval(() => {}, 1000);`,
  );
  const count = (text: string, sign: string): number => text.split(sign).length - 1;
  return {
    ffmpeg: { path, from: "configuration", version: "5", libavformat: 59, encoders: ["libx264"] },
    alive: async () => {
      const text = await readFile(diary, "utf8");
      return count(text, "+") - count(text, "-");
    },
  };
}

const maskOf = (width: number): Mask => [
  { x: 0, y: 0 },
  { x: width, y: 0 },
  { x: width, y: 1 },
];
test("rules that come while a camera still stops start one camera, and after a stop none", async (t) => {
  const { ffmpeg: program, alive } = await slowToEnd(t);
  const { capture, logged } = rigOf(t, "rtsp://127.0.0.1:1/door", program);
  await capture.apply(record());
  while ((await alive()) < 1) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([
    capture.apply(record(maskOf(0.2))),
    capture.apply(record(maskOf(0.4))),
    capture.apply(record(maskOf(0.6))),
  ]);
  t.same(
    logged.filter((event) => event === "camera.plan" || event === "camera.ended"),
    ["camera.plan", "camera.ended", "camera.plan"],
    "the newest rules count, what came between starts nothing",
  );
  while ((await alive()) < 1) await new Promise((resolve) => setImmediate(resolve));
  const late = capture.apply(record(maskOf(0.8)));
  await Promise.all([late, capture.stop()]);
  await capture.apply(record());
  t.equal(logged.at(-1), "camera.ended");
  t.equal(await alive(), 0);
});

test("a file that plays to its end closes its clip as complete", { skip }, async (t) => {
  const path = await card(t, "card.mp4", ...h264(10), "-t", "2");
  const { capture, clips, until } = rigOf(t, path);
  await capture.apply(record());
  capture.press();
  await until(({ video }) => video.endsWith("has ended"));
  t.equal(clips[0]?.kind, "begin");
  t.match(clips.at(-1), { end: "complete" });
});

test("a press without a picture is a clip that is due, until its gap is told", async (t) => {
  const { ffmpeg: program } = await slowToEnd(t);
  const { capture, clips, due } = rigOf(t, "rtsp://127.0.0.1:1/door", program);
  await capture.apply(record());
  capture.press();
  capture.press();
  t.equal(due.length, 1, "once, however often they ring");
  const [[clip, since] = []] = due;
  t.type(since, "number");
  await capture.stop();
  t.same(due.slice(1), [[clip]]);
  t.same(clips, []);
});
