import { test } from "tap";
import { helpText, readCommand, readConfig } from "./config.js";

const flagsOf = (...args: readonly string[]): Readonly<Record<string, string>> => {
  const command = readCommand(args, {});
  return command.ok && command.value.kind === "run" ? command.value.flags : {};
};

test("flags count more than the environment, the environment more than the installer's settings", async (t) => {
  const settings = { source: "scene:seed=1", preroll: 3, diskLimit: "64MiB" };
  const env = { LINTEL_SOURCE: "scene:seed=2", LINTEL_PREROLL: "4" };
  const config = readConfig(flagsOf("--source=scene:seed=3"), env, settings);
  t.match(config, {
    ok: true,
    value: { source: { kind: "scene" }, rolls: { preRoll: 4_000 }, diskLimit: 64 * 1024 ** 2 },
  });
  t.match(JSON.stringify(config), /"seed":"?3/);
});

test("every fault is named at once, with where it stands", async (t) => {
  const env = { LINTEL_PREROLL: "16", LINTEL_DISK_LIMIT: "lots", LINTEL_WINDOW: "1" };
  const config = readConfig({ source: "gopher://x" }, env, { buttonLine: -1, gpioChip: "/dev/gpiochip0" });
  t.notOk(config.ok);
  const faults = config.ok ? [] : config.error;
  t.equal(faults.length, 5);
  const names = [
    "--source",
    "LINTEL_PREROLL",
    "LINTEL_DISK_LIMIT",
    "LINTEL_WINDOW",
    '"buttonLine" in settings',
  ];
  for (const name of names)
    t.ok(
      faults.some((fault) => fault.startsWith(name)),
      name,
    );
  t.match(readConfig({}, {}, {}), { ok: false, error: [/no camera source/] });
});

test("the command line is read strictly, and --help names every setting", async (t) => {
  t.match(readCommand(["--state", "/s"], { LINTEL_STATE: "/e" }), { ok: true, value: { state: "/s" } });
  t.match(readCommand([], { LINTEL_STATE: "/e" }), { ok: true, value: { state: "/e" } });
  t.match(readCommand([], {}), { ok: true, value: { state: "/var/lib/lintel" } });
  t.match(readCommand(["--sauce", "x", "--state"], {}), {
    ok: false,
    error: [/no option --sauce/, /--state needs a value/],
  });
  for (const [args, env] of [
    [["--state="], { LINTEL_STATE: "/e" }],
    [[], { LINTEL_STATE: "" }],
  ] as const)
    t.match(readCommand(args, env), { ok: false, error: [/state directory's name is empty/] });
  t.match(readCommand(["--sauce", "--help"], {}), { ok: true, value: { kind: "help" } });
  for (const name of ["LINTEL_STATE", "LINTEL_SOURCE", "LINTEL_FFMPEG", "--gpio-chip"])
    t.match(helpText(), name);
});
