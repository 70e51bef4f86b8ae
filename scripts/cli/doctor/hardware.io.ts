import { statSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "../disk.io.js";
import { bad, type Finding, good, warning } from "./finding.js";

/** Where the kernel tells of the board (sysfs and procfs). */
export interface Kernel {
  readonly sys: string;
  readonly proc: string;
}

const thisKernel: Kernel = { sys: "/sys", proc: "/proc" };

/** A Raspberry Pi's firmware tells of power and heat here, in hexadecimal. */
const throttledPath = "devices/platform/soc/soc:firmware/get_throttled";
/** Its bits: what is so now, and sixteen bits higher what was so since boot. */
const throttling = [
  {
    bit: 0x1,
    what: "the voltage is too low",
    todo: "Use the board's own power supply and a short, thick cable.",
  },
  { bit: 0x2, what: "the processor is slowed down", todo: "Mend power or cooling." },
  { bit: 0x4, what: "the processor is throttled", todo: "Mend power or cooling." },
  { bit: 0x8, what: "the board is too hot", todo: "Give it air or a heat sink." },
] as const;
const sinceBoot = 16;

/** Power and heat. */
export function checkPower({ sys }: Kernel = thisKernel): Finding {
  const text = readIfThere(join(sys, throttledPath))?.trim();
  if (text === undefined) return good("power", "This board does not tell of its power and heat.");
  const bits = Number.parseInt(text, 16);
  const now = throttling.find(({ bit }) => bits & bit);
  if (now !== undefined) return bad("power", `At this moment ${now.what}.`, now.todo);
  const before = throttling.find(({ bit }) => (bits >>> sinceBoot) & bit);
  return before === undefined
    ? good("power", "Power and heat are well, and were since boot.")
    : warning("power", `Since boot it happened that ${before.what}.`, before.todo);
}

/** JEDEC's tenths of a device's life that are used up: 1 to 10, and 11 beyond the end. */
const lifeTenths = { worn: 8, over: 11 };

/** How far the card that holds `folder` is used up. eMMC tells; SD cards and virtual disks do not. */
export function checkWear(folder: string, { sys }: Kernel = thisKernel): Finding {
  const { dev } = statSync(folder);
  const place = join(sys, "dev", "block", `${majorOf(dev)}:${minorOf(dev)}`);
  // A partition's own folder has no device: its disk's, around it, has.
  const text = [place, join(place, "..")]
    .map((path) => readIfThere(join(path, "device", "life_time")))
    .find((found) => found !== undefined);
  const tenths = Math.max(...(text?.trim().split(/\s+/).map(Number) ?? [Number.NaN]));
  if (!(tenths > 0)) return good("wear", "This disk does not tell how far it is used up.");
  const says = `${Math.min(tenths * 10, 100)} % of the disk's life is used up.`;
  if (tenths >= lifeTenths.over) return bad("wear", says, "Replace it: it may lose what is written.");
  return tenths > lifeTenths.worn ? warning("wear", says, "Plan to replace it.") : good("wear", says);
}

/** As glibc's gnu_dev_major(3) and gnu_dev_minor(3), for numbers below 2^32. */
function majorOf(dev: number): number {
  return (dev >>> 8) & 0xfff;
}

function minorOf(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00);
}

/** Of the ALSA devices of the board; whether sound is recorded at all is the charter's word. */
export function checkMicrophone(isWanted: boolean, { proc }: Kernel = thisKernel): Finding {
  const inputs = (readIfThere(join(proc, "asound", "pcm")) ?? "")
    .split("\n")
    .filter((line) => /: capture \d/.test(line))
    .map((line) => `hw:${line.slice(0, 5).split("-").map(Number).join(",")}`);
  if (inputs.length > 0) return good("microphone", `There: ${inputs.join(", ")}.`);
  return isWanted
    ? bad(
        "microphone",
        "The source names a microphone, but the board has none.",
        "Plug it in, or leave audio= out of the source.",
      )
    : good("microphone", "The board has none; nothing asks for one.");
}
