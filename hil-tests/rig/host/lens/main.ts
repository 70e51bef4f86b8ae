// Stands in for `rpicam-vid`: the generated scene as raw H.264 on standard output, in which somebody walks past, or which is
// covered or frozen, when a file says so. Arguments: the scene, the file; what else the firmware asks for is the scene's.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseSceneSpec } from "../../../../firmware/camera/scene/spec.js";
import { createScene, truth } from "../../../../firmware/camera/scene.js";
import { millis } from "../../../../shared/kernel/brand.js";

const [text = "", orders = ""] = process.argv.slice(2);
const parsed = parseSceneSpec(text);
if (!parsed.ok) throw new Error(parsed.error.message);
const spec = parsed.value;
const { width, height, fps, first } = spec;
/** Nobody sets out and is in the picture only later than that. */
const walkMillisMax = 60_000;
const scene = createScene(spec);
const walkEnd = truth(spec, millis(first + walkMillisMax))[0]?.to ?? first;
const [quietFrames, walkFrames] = [first, walkEnd].map((at) => Math.floor((at * fps) / 1_000)) as [
  number,
  number,
];

const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`, "-r", `${fps}`, "-i", "-"];
const h264 = [
  "-c:v",
  "libx264",
  "-preset",
  "ultrafast",
  "-tune",
  "zerolatency",
  "-g",
  `${fps}`,
  "-f",
  "h264",
  "-",
];
const encoder = spawn("ffmpeg", ["-v", "error", ...raw, ...h264], { stdio: ["pipe", "inherit", "inherit"] });
encoder.once("close", (code) => process.exit(code ?? 1));
encoder.stdin.on("error", () => process.exit(0));
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    encoder.kill("SIGKILL");
    process.exit(0);
  });

const grey = new Uint8Array((width * height * 3) / 2).fill(128).fill(40, 0, width * height);
const start = performance.now();
let [index, walks, frozen] = [0, Number(order().walks), scene.frame(0).slice()];
for (let sent = 0; ; sent++) {
  const wait = start + (sent * 1_000) / fps - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const frame = next();
  if (!encoder.stdin.write(frame)) await new Promise((resolve) => encoder.stdin.once("drain", resolve));
}

function next(): Uint8Array {
  const { how, walks: wanted } = order();
  if (how === "cover") return grey;
  if (how === "freeze") return frozen;
  if (Number(wanted) > walks && index < quietFrames) {
    walks++;
    index = quietFrames;
  }
  frozen = scene.frame(index).slice();
  const isOver = index === walkFrames || index === quietFrames - 1;
  index = isOver ? 0 : index + 1;
  return frozen;
}

function order(): { readonly how: string; readonly walks: string } {
  const [how = "", walked = "0"] = readFileSync(orders, "utf8").split(" ");
  return { how, walks: walked };
}
