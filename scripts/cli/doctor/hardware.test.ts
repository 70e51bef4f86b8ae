import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Test, test } from "tap";
import { checkMicrophone, checkPower, checkWear, type Kernel } from "./hardware.io.js";

/** A kernel that tells this. */
function kernel(t: Test, files: Readonly<Record<string, string>>): Kernel {
  const root = t.testdir({ sys: {}, proc: {} });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { sys: join(root, "sys"), proc: join(root, "proc") };
}

const throttled = (bits: string) => ({ "sys/devices/platform/soc/soc:firmware/get_throttled": `${bits}\n` });

test("weak power and heat are found, now and since boot", (t) => {
  t.match(checkPower(kernel(t, {})), { state: "good", says: /does not tell/ });
  t.match(checkPower(kernel(t, throttled("0"))), { state: "good", says: /well/ });
  t.match(checkPower(kernel(t, throttled("50005"))), {
    state: "bad",
    says: /voltage is too low/,
    todo: /supply/,
  });
  t.match(checkPower(kernel(t, throttled("80008"))), { state: "bad", says: /too hot/ });
  t.match(checkPower(kernel(t, throttled("10000"))), { state: "warning", says: /Since boot.*voltage/ });
  t.end();
});

test("a worn card is found by what the kernel tells of it, also where the folder is on a partition", (t) => {
  const folder = t.testdir({});
  const { dev } = statSync(folder);
  const block = `sys/dev/block/${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
  const wear = (text: string) => checkWear(folder, kernel(t, { [`${block}/device/life_time`]: text }));
  t.match(checkWear(folder, kernel(t, {})), { state: "good", says: /does not tell/ });
  t.match(wear("0x01 0x02\n"), { state: "good", says: /20 %/ });
  t.match(wear("0x01 0x09\n"), { state: "warning", says: /90 %/ });
  t.match(wear("0x0b 0x01\n"), { state: "bad", says: /100 %/, todo: /Replace/ });
  t.match(
    checkWear(folder, kernel(t, { "sys/dev/block/device/life_time": "0x09 0x01\n", [`${block}/x`]: "" })),
    {
      state: "warning",
    },
  );
  t.end();
});

test("a microphone that is asked for and not there is found", (t) => {
  const pcm = "00-00: bcm2835 HDMI : : playback 4\n01-00: USB Audio : USB Audio : capture 1\n";
  t.match(checkMicrophone(true, kernel(t, { "proc/asound/pcm": pcm })), { state: "good", says: /hw:1,0/ });
  t.match(checkMicrophone(true, kernel(t, {})), { state: "bad", todo: /Plug it in/ });
  t.match(checkMicrophone(false, kernel(t, {})), { state: "good" });
  t.end();
});
