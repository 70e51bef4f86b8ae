// The board rig against a bench that is not there: real ssh, real firmware, relays on loopback.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { test } from "tap";
import { freePort } from "../../../shared/kernel/freeport.contract.js";
import { runStory } from "../run.js";
import type { Story } from "../story.js";
import { openBoardRig } from "./board.io.js";
import { openBoard } from "./camera.io.js";
import { type OutputResource, type RigConfig, readRig } from "./config.js";
import { boardNumber, noBench, openBench } from "./fakebench.contract.js";
import { openOutput } from "./outputs.io.js";
import { openRouter } from "./router.io.js";
import { openScreen } from "./screen.io.js";
import { openSsh } from "./ssh.io.js";

t.setTimeout(300_000);

const noPython =
  spawnSync("python3", ["-V"]).error !== undefined && "there is no python3 to play a serial device";
/** Says the name of a terminal's far end, then what arrives there, four bytes a line. */
const ptyProgram = `
import os, tty
near, far = os.openpty()
tty.setraw(far)
print(os.ttyname(far), flush=True)
while True: print(os.read(near, 4).hex(), flush=True)
`;

/** As a file says it. */
function configOf(
  bench: { readonly relays: string; readonly sshConfig: string },
  id = boardNumber,
): RigConfig {
  const relay = (name: string): string =>
    `{ http: { on: "${bench.relays}/${name}/on", off: "${bench.relays}/${name}/off" } }`;
  const read = readRig(`rig: board
id: "${id}"
board: { ssh: board, sshConfig: ${bench.sshConfig}, source: "scene:seed=5,size=320x180,fps=10,quiet", bootSeconds: 20 }
cloud: { address: 127.0.0.1 }
power: ${relay("power")}
button: ${relay("button")}
pir: ${relay("pir")}
screen: { ssh: screen, sshConfig: ${bench.sshConfig}, walk: play walk, still: play still, dark: play dark }
router: { ssh: router, sshConfig: ${bench.sshConfig}, toBoard: lo, toCloud: lo }
light: { command: [echo, "1"] }
`);
  if (!read.ok) throw new Error(read.error.join("\n"));
  return read.value;
}

const story: Story = {
  name: "what is pressed after a power cut reaches the vault",
  row: "cut-in-clip",
  needs: ["power", "button", "meter"],
  house: { broker: "embedded", preRoll: 2, postRoll: 2 },
  secondsMax: 120,
  async run(verbs) {
    await verbs.press();
    await verbs.cutPower("camera");
    verbs.expect(!(await verbs.press()), "without power a press is not taken");
    await verbs.restorePower("camera");
    await verbs.expectOnline(30_000);
    verbs.expect((await verbs.meter("camera")).memoryBytes > 10e6, "the camera's memory is read");
    await verbs.press();
    await verbs.expectInVault();
  },
};

// Before those that take the board for this process.
test("Ctrl-C leaves the board with power, and nothing running on it", { skip: noBench }, async (t) => {
  const bench = await openBench();
  t.teardown(() => bench.close());
  const main = fileURLToPath(new URL("interrupted.contract.js", import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(configOf(bench))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = createInterface({ input: child.stdout });
  await Promise.race([once(said, "line"), once(child, "close")]);
  t.notOk(bench.hasPower());
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  t.equal(code, 130);
  t.ok(bench.hasPower());
  t.notOk(bench.runsFirmware());
  t.notOk(existsSync(join(bench.folder, "state/charter.json")));
});

test("a story runs on a board behind relays and ssh, which is left with power and wiped", {
  skip: noBench,
}, async (t) => {
  const bench = await openBench();
  t.teardown(() => bench.close());
  const config = configOf(bench);
  const rig = await openBoardRig(config);
  t.match(rig.lacks("disk"), /leaves it alone/);
  t.match(rig.cannot({ broker: "external", preRoll: 2, postRoll: 2 }), /own broker only/);
  const told = await runStory(story, { rig, seed: 1, now: () => performance.now() });
  t.match(told, { verdict: "passed", why: "", lost: [], twice: [] });
  t.ok(told.console.some(({ part, line }) => part === "rig" && line === "the recording light is on"));
  t.ok(bench.hasPower());
  t.notOk(bench.runsFirmware());
  t.notOk(existsSync(join(bench.folder, "state/charter.json")), "the board is nobody's camera");
  t.notOk(existsSync(join(bench.folder, "etc/systemd/system/lintel-camera.service.d/rig.conf")));
  await t.rejects(openBoardRig(config), { message: /^Another run has the board/ });
});

test("router and screen are told what a story does to line and lens", { skip: noBench }, async (t) => {
  const bench = await openBench();
  t.teardown(() => bench.close());
  const { router, screen, pir, board } = configOf(bench);
  if (!router || !screen || !pir) throw new Error("the file has them");
  const said = (): readonly string[] => bench.words.splice(0);
  said();
  const line = openRouter(router, { address: "192.168.7.1", http: 8080, mqtt: 8883 });
  await line.driver.cut("camera");
  t.match(
    said().at(-1),
    "nft add rule inet lintel_rig forward ip saddr 192.168.7.1 tcp sport { 8080, 8883 } reject with tcp reset",
  );
  await line.driver.swallow();
  t.match(said().at(-1), /tcp sport \{ 8080, 8883 \} drop$/);
  await line.driver.shape({ delayMillis: 150, lossPercent: 10 });
  const shaped = said();
  t.ok(
    shaped.includes(
      "tc qdisc add dev lo parent 1:4 handle 40: netem delay 150ms rate 1000000000bit loss 10%",
    ),
  );
  t.ok(
    shaped.includes(
      "tc filter add dev lo parent 1: protocol ip u32 match ip dst 192.168.7.1 match ip dport 8883 0xffff flowid 1:4",
    ),
  );
  await t.rejects(line.driver.cut("cloud"), { message: /one program/ });
  await line.close();
  t.match(said().slice(-3), [
    "nft delete table inet lintel_rig",
    "tc qdisc del dev lo root",
    "tc qdisc del dev lo root",
  ]);

  const lens = openScreen(screen, openOutput(pir, "the motion sensor's relay"), openSsh(board, "the board"));
  await lens.driver.walkPast();
  await lens.driver.cover();
  while (!bench.words.includes("play dark")) await wait(20);
  await lens.close();
  t.match(said(), ["pir on", "play walk", "pir off", "play dark"]);
});

test("what does not answer, hangs, or is another board is said in a sentence", {
  skip: noBench,
}, async (t) => {
  const bench = await openBench();
  t.teardown(() => bench.close());
  const config = configOf(bench);
  const refused = (work: Promise<unknown>, message: RegExp) => t.rejects(work, { message });
  const ssh = (target: string) => openSsh({ target, config: bench.sshConfig }, "the board");
  await refused(ssh("gone").run("true"), /^the board \(gone\) was not reached: .*refused.*switched on/);
  await refused(
    ssh("board").run("sleep 30", { secondsMax: 1 }),
    /hung for 1 s at: sleep 30\. Look at its console/,
  );
  await refused(ssh("board").run("echo why >&2; exit 3"), /could not do ".*" \(exit code 3\): why$/);
  const relay = (resource: OutputResource) => openOutput(resource, "the power relay").set(true);
  const http = (path: string): OutputResource => ({ kind: "http", on: path, off: path });
  await refused(
    relay(http(`${bench.relays}/silent`)),
    /^the power relay did not switch on: no answer within 5 s/,
  );
  await refused(relay(http(`http://127.0.0.1:${await freePort()}/`)), /ECONNREFUSED.*rig\.yaml/);
  await refused(relay({ kind: "serial", device: "/dev/lintel-none", channel: 1 }), /lintel-none/);
  await refused(
    relay({ kind: "command", on: ["false"], off: ["false"] }),
    /did not switch on: Command failed: false/,
  );
  const other = { ...config, id: "another" };
  await refused(
    openBoard(other).awaken(),
    /for the board another, but at board is 10000000a1b2c3d4.*Nothing was done/,
  );
  bench.changeHostKey();
  await refused(ssh("board").run("true"), /shows another host key than known_hosts has.*ssh-keygen -R board/);
});

test("a USB relay board gets the four bytes that switch its channel", { skip: noPython }, async (t) => {
  const pty = spawn("python3", ["-c", ptyProgram], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => pty.kill());
  const lines = createInterface({ input: pty.stdout })[Symbol.asyncIterator]();
  const device = `${(await lines.next()).value}`;
  const relay = openOutput({ kind: "serial", device, channel: 2 }, "the button's relay");
  await relay.set(true);
  t.equal((await lines.next()).value, "a00201a3");
  await relay.set(false);
  t.equal((await lines.next()).value, "a00200a2");
});
