import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { readRig } from "./config.js";
import { openRigFile } from "./file.io.js";
import { netemOf } from "./router.io.js";

const example = new URL("../../../../hil-tests/rig/board/rig.example.yaml", import.meta.url);
const least = `rig: board
id: "1000"
board: { ssh: pi@board }
cloud: { address: 192.168.7.1 }
`;
const faultsOf = (text: string): readonly string[] => {
  const read = readRig(text);
  return read.ok ? [] : read.error;
};

test("the example describes a whole rig", (t) => {
  const read = readRig(readFileSync(example, "utf8"));
  t.match(read, {
    ok: true,
    value: {
      id: "10000000a1b2c3d4",
      board: { target: "pi@192.168.7.10", source: "libcamera", bootSeconds: 90 },
      power: { kind: "http", on: "http://192.168.7.20/relay/0?turn=on" },
      button: { kind: "serial", device: "/dev/ttyUSB0", channel: 1 },
      light: ["gpioget", "gpiochip0", "4"],
      console: "/dev/ttyUSB1",
    },
  });
  t.end();
});

test("a rig may lack everything but a board and a place for the cloud", (t) => {
  t.match(readRig(least), {
    ok: true,
    value: { power: undefined, screen: undefined, board: { bootSeconds: 90 } },
  });
  t.end();
});

test("every fault of the file is said at once, with its line", (t) => {
  const text = `rig: host
id:
board:
  bootSeconds: 0
  sourse: libcamera
power:
  http: { on: 192.168.7.20 }
button:
  serial: { device: ttyUSB0, channel: 9 }
  command: { on: [], off: gpioset }
lihgt: {}
`;
  const faults = faultsOf(text);
  for (const expected of [
    /^line 1: rig is "host", but this file must describe a board$/,
    /^line 1: cloud is missing/,
    /^line 2: id is not right: the board's own number/,
    /^line 4: board.ssh is missing: an address/,
    /^line 4: board.bootSeconds is not right: a whole number from 1 to 600$/,
    /^line 5: board.sourse is not known; here there is ssh/,
    /^line 7: power.http.on is not right: a web address/,
    /^line 7: power.http.off is missing/,
    /^line [89]: button needs one of http, serial or command$/,
    /^line 9: button.serial.device is not right: a serial device/,
    /^line 9: button.serial.channel is not right: a whole number from 1 to 8$/,
    /^line 10: button.command.on must be a list/,
    /^line 10: button.command.off must be a list/,
    /^line 11: lihgt is not known; here there is rig, id/,
  ])
    t.ok(
      faults.some((one) => expected.test(one)),
      `${expected}`,
    );
  t.equal(faults.length, 14, faults.join("\n"));
  t.end();
});

test("what is no YAML, or no mapping, is refused with its line", (t) => {
  t.match(faultsOf(`${least}power: { http: \n`), [/^line [56]: /]);
  t.match(faultsOf(""), ["line 1: a rig must be a mapping, name: value"]);
  t.match(faultsOf(`${least}power: on\n`), ["line 5: power must be a mapping, name: value"]);
  t.match(faultsOf(`${least}rig: board\n`), [/^line 5: .*unique/]);
  t.end();
});

test("no word of the file becomes an option or a command of its own", (t) => {
  for (const target of ["-oProxyCommand=true", "pi@board;reboot", "$(reboot)", "pi board"])
    t.match(faultsOf(least.replace("pi@board", `'${target}'`)), [/^line 3: board.ssh is not right/], target);
  t.end();
});

test("a file that is not there, or not right, is refused whole before anything is touched", async (t) => {
  await t.rejects(openRigFile(undefined), { message: /--config rig\.yaml/ });
  await t.rejects(openRigFile("/none/rig.yaml"), { message: /^\/none\/rig\.yaml cannot be read: ENOENT/ });
  await t.rejects(openRigFile(fileURLToPath(import.meta.url)), { message: /is not right:\n {2}line / });
});

test("a line's quality is said as tc takes it", (t) => {
  t.equal(
    netemOf({ delayMillis: 150, lossPercent: 10, bitsPerSecond: 64_000 }),
    "delay 150ms rate 64000bit loss 10%",
  );
  t.equal(netemOf({ reorderPercent: 25 }), "delay 1ms rate 1000000000bit reorder 25%");
  t.end();
});
