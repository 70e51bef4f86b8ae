import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { type Test, test } from "tap";
import { millis } from "../../shared/kernel/brand.js";
import { type Board, chimeMillis, openBoard } from "./board.io.js";
import { type Button, type ButtonEvent, bounceMillis, buttonUp, stepButton, stuckMillis } from "./button.js";
import { look } from "./clock.io.js";
import { edgeOf, gpioMajor, holdArguments, monitorArguments, offArguments } from "./gpio.js";
import { systemClock } from "./system.io.js";
import { openNotifier } from "./systemd.io.js";

/** The effects of edges at their times. */
function play(...events: readonly (readonly [at: number, event: ButtonEvent])[]): readonly string[] {
  let button: Button = buttonUp;
  return events.flatMap(([at, event]) => {
    const next = stepButton(button, event, millis(at));
    button = next.button;
    return next.effects;
  });
}

function temporary(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "lintel-board-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within 10 s`);
    await wait(5);
  }
}

test("a press with 50 bounces is one press, told with the first edge", async (t) => {
  const bounces = Array.from({ length: 50 }, (_, i) => [i * 3, i % 2 === 0 ? "down" : "up"] as const);
  t.same(play(...bounces), ["press"]);
  t.same(play([0, "down"]), ["press"]);
});

test("a button held for ten minutes is one press and one report", async (t) => {
  const ticks = Array.from({ length: 600 }, (_, i) => [i * 1_000, "tick"] as const);
  t.same(play([0, "down"], ...ticks), ["press", "stuck"]);
  t.same(play([0, "down"], [stuckMillis, "tick"], [stuckMillis + 1, "up"], [stuckMillis + 100, "tick"]), [
    "press",
    "stuck",
    "free",
  ]);
});

test("presses one after another are counted, bounces at their ends are not", async (t) => {
  const press = (at: number) =>
    [
      [at, "down"],
      [at + 80, "up"],
      [at + 82, "down"],
      [at + 84, "up"],
    ] as const;
  t.same(play(...press(0), ...press(300), ...press(600)), ["press", "press", "press"]);
});

test("whatever the contact does, there is no more than one press in each quiet interval", async (t) => {
  const edge = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.constantFrom<ButtonEvent>("down", "up", "tick"));
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 100 }), (steps) => {
      let at = 0;
      const lap = (gap: number): number => {
        at += gap;
        return at;
      };
      const timed = steps.map(([gap, event]) => [lap(gap), event] as const);
      const presses = play(...timed).filter((effect) => effect === "press").length;
      return presses <= 1 + Math.floor(at / bounceMillis);
    }),
  );
  t.pass();
});

test("both generations of libgpiod's tools are spoken to in their own words", async (t) => {
  t.equal(gpioMajor("gpiomon (libgpiod) v1.6.3\nCopyright …"), 1);
  t.equal(gpioMajor("gpiomon (libgpiod) v2.1.2"), 2);
  t.equal(gpioMajor("gpiomon: not found"), undefined);
  t.same(monitorArguments(1, "/dev/gpiochip0", 17).slice(-2), ["/dev/gpiochip0", "17"]);
  t.same(monitorArguments(2, "/dev/gpiochip0", 17).slice(0, 2), ["--chip", "/dev/gpiochip0"]);
  t.same(
    [edgeOf(1, "1"), edgeOf(1, "0"), edgeOf(1, "2"), edgeOf(2, "1"), edgeOf(2, "2"), edgeOf(2, "0")],
    ["down", "up", undefined, "down", "up", undefined],
  );
  t.same(holdArguments(1, "c", 3, true), ["--mode=signal", "c", "3=1"]);
  t.same(holdArguments(2, "c", 3, false), ["--chip", "c", "3=0"]);
});

interface Client {
  readonly socket: Socket;
  readonly heard: () => string;
}

async function dial(path: string): Promise<Client> {
  const socket = connect(path);
  let text = "";
  socket.on("data", (data) => {
    text += data.toString();
  });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return { socket, heard: () => text };
}

async function open(t: Test, socketPath: string, presses: { count: number }): Promise<Board> {
  const board = await openBoard(
    { wiring: undefined, socketPath, clock: systemClock, log: () => undefined },
    { press: () => presses.count++, changed: () => undefined },
  );
  t.teardown(() => board.close());
  return board;
}

test("a socket stands in for the wires: press, light, chime with its time limit", async (t) => {
  const path = join(temporary(t), "board.sock");
  const presses = { count: 0 };
  const board = await open(t, path, presses);
  t.equal(statSync(path).mode & 0o777, 0o600, "for this user alone");
  const client = await dial(path);
  t.teardown(() => client.socket.destroy());
  await until("it tells how things are", () => client.heard() === "light off\nchime off\n");
  client.socket.write("press\nnonsense\n");
  await until("the answer", () => client.heard().includes("? write press"));
  t.equal(presses.count, 1);
  const since = performance.now();
  await until(
    "the chime ends",
    () => client.heard().includes("chime on\n") && client.heard().endsWith("chime off\n"),
  );
  t.ok(performance.now() - since < chimeMillis + 2_000);
  board.light(true);
  await until("the light", () => client.heard().endsWith("light on\n"));
});

test("whoever hangs up in the middle or babbles on the socket does no harm", async (t) => {
  const path = join(temporary(t), "board.sock");
  const presses = { count: 0 };
  await open(t, path, presses);
  for (let client = 0; client < 20; client++) {
    const { socket } = await dial(path);
    socket.write("x".repeat(100_000));
    socket.write("press\nconstructor\n__proto__\ntoString\npress down");
    // Unread answers make the kernel reset the connection.
    socket.destroy();
  }
  const last = await dial(path);
  t.teardown(() => last.socket.destroy());
  const before = presses.count;
  last.socket.write("constructor\n__proto__\n");
  await until("it answers", () => last.heard().split("? write press").length === 3);
  last.socket.write("press\n");
  await until("it still obeys", () => presses.count > before || last.heard().includes("ok press"));
  t.pass();
});

test("whoever writes to the socket and never reads is hung up on, and so is a line without an end", async (t) => {
  const path = join(temporary(t), "board.sock");
  await open(t, path, { count: 0 });
  for (const junk of ["\n".repeat(65_536), "junk\n".repeat(13_000), "x".repeat(1_000)]) {
    const { socket } = await dial(path);
    t.teardown(() => socket.destroy());
    socket.on("error", () => undefined).pause();
    await until("it is hung up on", () => socket.destroyed || (socket.write(junk) && false));
  }
  const { socket, heard } = await dial(path);
  t.teardown(() => socket.destroy());
  socket.write("press\n".repeat(2_000));
  await until("a burst is answered whole", () => heard().split("ok press\n").length === 2_001);
});

test("a socket left by a killed firmware is replaced, a running one's is not", async (t) => {
  const directory = temporary(t);
  const path = join(directory, "board.sock");
  writeFileSync(path, "");
  const presses = { count: 0 };
  await open(t, path, presses);
  await t.rejects(open(t, path, presses), /another firmware is running/);
});

test("a board without wires whose socket cannot be made goes on, and says why", async (t) => {
  const directory = temporary(t);
  mkdirSync(join(directory, "occupied", "within"), { recursive: true });
  const paths = {
    ["x".repeat(120)]: /board\.sock.*longer than the 107 bytes.*shorter state directory/,
    occupied: /board\.sock.*directory/,
    "absent/board.sock": /board\.sock.*absent/,
  };
  for (const [name, why] of Object.entries(paths)) {
    const board = await open(t, join(directory, name), { count: 0 });
    t.match(board.troubles(), [why]);
    board.light(true);
    await board.close();
  }
});

/** Programs that stand in for libgpiod's: the monitor prints edges, the setter writes down what it held. */
function standIns(t: Test, major: 1 | 2): { readonly chip: string; readonly held: string } {
  const directory = temporary(t);
  const held = join(directory, "held");
  const program = (name: string, script: string): void => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  const edges = major === 1 ? "1 0 1 0" : "1 2 1 2";
  program(
    "gpiomon",
    `if [ "$1" = --version ]; then echo "gpiomon (libgpiod) v${major}.0"; exit; fi
for edge in ${edges}; do echo $edge; done; exec sleep 60`,
  );
  const ends = major === 1 ? "--mode=exit" : "--toggle";
  program("gpioset", `echo "$@" >> ${held}; [ "$1" = ${ends} ] && exit; exec sleep 60`);
  const { PATH = "" } = process.env;
  process.env.PATH = `${directory}${delimiter}${PATH}`;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  writeFileSync(join(directory, "chip"), "");
  return { chip: join(directory, "chip"), held };
}

for (const major of [1, 2] as const) {
  test(`with libgpiod ${major} the same path runs over its programs`, async (t) => {
    const { chip, held } = standIns(t, major);
    let presses = 0;
    const board = await openBoard(
      {
        wiring: { chip, button: 17, light: 27, chime: 22 },
        socketPath: join(temporary(t), "board.sock"),
        clock: systemClock,
        log: () => undefined,
      },
      { press: () => presses++, changed: () => undefined },
    );
    t.teardown(() => board.close());
    t.match(board.described, `libgpiod ${major}`);
    await until("one press, though it bounced", () => presses === 1);
    board.light(true);
    await until("the light's line is held high", () => readFileSync(held, "utf8").includes("27=1"));
    board.light(false);
    await until("and low", () => readFileSync(held, "utf8").trimEnd().endsWith("27=0"));
    await until("the chime is quiet", () => readFileSync(held, "utf8").includes("22=0"));
    board.light(true);
    await until("it shines", () => readFileSync(held, "utf8").trimEnd().endsWith("27=1"));
    const before = readFileSync(held, "utf8").length;
    await board.close();
    const left = readFileSync(held, "utf8").slice(before).trimEnd().split("\n");
    const off = (line: number): string => [...offArguments(major, chip, line)].join(" ");
    t.ok(left.includes(off(22)) && left.includes(off(27)), "closed means: both were put off");
    t.notOk(left.some((words) => words.endsWith("=1")));
    t.same(board.troubles(), []);
  });
}

test("GPIO tools that do not run are a trouble, and the socket stands in", async (t) => {
  const directory = temporary(t);
  const { PATH } = process.env;
  process.env.PATH = directory;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  const board = await openBoard(
    {
      wiring: { chip: directory, button: 17, light: undefined, chime: undefined },
      socketPath: join(directory, "board.sock"),
      clock: systemClock,
      log: () => undefined,
    },
    { press: () => undefined, changed: () => undefined },
  );
  t.teardown(() => board.close());
  t.match(board.described, "socket");
  t.match(board.troubles(), [/install the package gpiod/]);
});

test("systemd hears of readiness, and of life only while there is some", async (t) => {
  const directory = temporary(t);
  const said = join(directory, "said");
  writeFileSync(join(directory, "systemd-notify"), `#!/bin/sh\necho "$@" >> ${said}\n`);
  chmodSync(join(directory, "systemd-notify"), 0o755);
  const { PATH = "" } = process.env;
  process.env.PATH = `${directory}${delimiter}${PATH}`;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  const heard = (): string => (readdirSync(directory).includes("said") ? readFileSync(said, "utf8") : "");
  let alive = true;
  const notifier = openNotifier(
    { NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "60000" },
    () => alive,
    () => undefined,
  );
  notifier.ready();
  await until("ready and alive", () => heard().includes("--ready") && heard().includes("WATCHDOG=1"));
  alive = false;
  notifier.stopping();
  await until("stopping", () => heard().endsWith("STOPPING=1\n"));
  t.doesNotThrow(
    () =>
      openNotifier(
        {},
        () => true,
        () => undefined,
      ).ready(),
    "without systemd nothing is said",
  );
});

test("the clock's quality is one of two words, also where no daemon runs", async (t) => {
  t.match(await look(), /^(un)?synchronised$/);
});
