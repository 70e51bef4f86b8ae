// The gate must refuse. Each tool of `npm run check` runs once over a small house in which every file breaks one rule,
// under the project's own configuration; each broken rule must be named together with its file.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";

const project = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/scripts/tidy/
const configuration = [
  "biome.json",
  "knip.json",
  ".dependency-cruiser.mjs",
  ".gitignore",
  "package.json",
  "tsconfig.json",
  "tsconfig.base.json",
  "tsconfig.pure.json",
  "scripts/tidy",
  "scripts/core.mjs",
  "firmware/tsconfig.core.json",
  ...["shared", "firmware", "cloud", "scripts", "hil-tests"].map((workspace) => `${workspace}/package.json`),
];

/** What breaks a rule: the file, its text, and what the tool must say in the line that names the file. */
type Planted = readonly [path: string, text: string, rule: string];

function house(files: readonly Planted[], t: { teardown(end: () => void): void }): string {
  const root = mkdtempSync(join(tmpdir(), "lintel-gate-"));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (const path of configuration) cpSync(join(project, path), join(root, path), { recursive: true });
  rmSync(join(root, "scripts/tidy/gate.slow.test.ts"));
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function run(
  root: string,
  tool: string,
  ...args: readonly string[]
): { status: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, tool), ...args], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, lines: `${stdout}\n${stderr}`.split("\n") };
}

const names = (lines: readonly string[], [path, , rule]: Planted): boolean =>
  lines.some((line) => line.includes(path) && line.includes(rule));

test("the compiler refuses loose types, and in pure files the world", (t) => {
  const loose: readonly Planted[] = [
    ["cloud/loose/enum.io.ts", "export enum Kind { a }\n", "TS1294"],
    ["cloud/loose/index.io.ts", "export const first = (list: string[]): string => list[0];\n", "TS2322"],
    ["cloud/loose/extension.io.ts", 'export { first } from "./index.io.ts";\n', "TS5097"],
    ["cloud/loose/optional.io.ts", "export const a: { b?: string } = { b: undefined };\n", "TS2375"],
    ["cloud/loose/implicit.io.ts", "export const same = (x) => x;\n", "TS7006"],
  ];
  const impure: readonly Planted[] = [
    ["shared/impure/node.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("x");\n', "TS2"],
    ["shared/impure/timer.ts", "setTimeout(() => {}, 1);\n", "TS2304"],
    ["firmware/impure/process.ts", "process.exit(1);\n", "TS2"],
    ["firmware/impure/fetch.ts", 'fetch("http://localhost");\n', "TS2304"],
    ["cloud/impure/buffer.ts", 'export const b = Buffer.from("x");\n', "TS2"],
    ["cloud/impure/text.ts", "export const e = new TextEncoder();\n", "TS2304"],
    ["cloud/impure/console.ts", 'console.log("x");\n', "TS2"],
    ["cloud/impure/now.ts", "export const now = performance.now();\n", "TS2304"],
    ["cloud/impure/crypto.ts", "export const id = crypto.randomUUID();\n", "TS2"],
  ];
  const root = house([...loose, ...impure], t);
  const types = run(root, "node_modules/typescript/bin/tsc", "-p", "tsconfig.json");
  for (const planted of loose) t.ok(names(types.lines, planted), `types: ${planted[0]} ${planted[2]}`);
  const purity = run(root, "node_modules/typescript/bin/tsc", "-p", "tsconfig.pure.json");
  for (const planted of impure) t.ok(names(purity.lines, planted), `purity: ${planted[0]} ${planted[2]}`);
  t.not(types.status, 0);
  t.not(purity.status, 0);
  t.end();
});

test("the linter refuses time and chance in pure files, and waiting on the device", (t) => {
  const deep = "if (a) { if (b) { if (a) { if (b) { if (a) { return 1; } } } } }";
  const planted: readonly Planted[] = [
    ["shared/lint/date.ts", "export const at = Date.now();\n", "noRestrictedGlobals"],
    ["cloud/lint/new-date.ts", "export const at = new Date(0);\n", "noRestrictedGlobals"],
    ["cloud/lint/global.ts", "export const world = globalThis;\n", "noRestrictedGlobals"],
    ["firmware/lint/random.ts", "export const r = Math.random();\n", "Randomness is injected"],
    ["firmware/lint/alias.ts", "export const r = Math.random;\n", "Randomness is injected"],
    ["firmware/lint/await.ts", "export const f = async (p: Promise<void>) => { await p; };\n", "synchronous"],
    [
      "firmware/lint/for-await.ts",
      "export async function f(x: AsyncIterable<number>) {\n  for await (const y of x) y;\n}\n",
      "synchronous",
    ],
    ["cloud/lint/any.io.ts", "export const x: any = 1;\n", "noExplicitAny"],
    ["cloud/lint/console.io.ts", 'console.log("x");\n', "noConsole"],
    ["cloud/lint/default.io.ts", "export default 1;\n", "noDefaultExport"],
    ["cloud/lint/barrel.io.ts", 'export * from "./any.io.js";\n', "noBarrelFile"],
    ["cloud/lint/bang.io.ts", "export const f = (x?: string) => x!.length;\n", "noNonNullAssertion"],
    ["cloud/lint/unused.io.ts", 'import { x } from "./any.io.js";\n', "noUnusedImports"],
    [
      "cloud/lint/deep.io.ts",
      `export function f(a: boolean, b: boolean) { ${deep} ${deep} }\n`,
      "CognitiveComplexity",
    ],
    [
      "cloud/lint/long.io.ts",
      `export function f() {\n${"  f();\n".repeat(61)}}\n`,
      "noExcessiveLinesPerFunction",
    ],
    ["cloud/lint/format.io.ts", "export  const a='b'\n", "title=format"],
  ];
  const root = house(planted, t);
  const told = ["--colors=off", "--reporter=github", "--max-diagnostics=200", "."];
  const { status, lines } = run(root, "node_modules/@biomejs/biome/bin/biome", "ci", ...told);
  for (const one of planted) t.ok(names(lines, one), `lint: ${one[0]} ${one[2]}`);
  t.not(status, 0);
  t.end();
});

test("what JerryScript lacks is refused in every file of the camera's core", (t) => {
  const lacks = (name: string, code: string, rule: string): Planted => [
    `firmware/engine/${name}.ts`,
    `${code}\n`,
    rule,
  ];
  const call = `f(${Array.from({ length: 256 }, () => "1").join()})`;
  const engine: readonly Planted[] = [
    lacks("private", "export class A {\n  #x = 1;\n  x = () => this.#x;\n}", "#private"),
    lacks("block", "export class A {\n  static x = 1;\n  static {\n    A.x++;\n  }\n}", "static block"),
    lacks("group", "export const a = /(?<year>x)/;", "named groups"),
    lacks("behind", "export const a = /(?<=x)y/;", "lookbehind"),
    lacks("class", "export const a = /\\p{L}/u;", "\\p{"),
    lacks("flag", "export const a = /x/d;", "flags d and v"),
    lacks("delete", "export const f = (a?: { b?: number }) => delete a?.b;", "delete"),
    lacks("map", "export const a = new Map();", "Map"),
    lacks("weak", "export const a = new WeakSet();", "WeakSet"),
    lacks("fixed", "export const f = (a: number) => a.toFixed(2);", "toFixed"),
    lacks("precision", "export const f = (a: number) => a.toPrecision(2);", "toPrecision"),
    lacks("exponential", "export const f = (a: number) => a.toExponential();", "toExponential"),
    lacks("normalize", "export const f = (a: string) => a.normalize();", "normalize"),
    lacks("intl", "export const a = Intl;", "Intl"),
    lacks("registry", "export const a = FinalizationRegistry;", "FinalizationRegistry"),
    lacks("date", "export const a = Date.now();", "Time is injected"),
    lacks("random", "export const a = Math.random();", "Math.random"),
    lacks("sin", "export const f = (a: number) => Math.sin(a);", "Math.sin"),
    lacks("hypot", "export const f = (a: number) => { const { hypot } = Math; return hypot(a); };", "Math"),
    lacks("text", `export const a = "${"x".repeat(65_537)}";`, "65536 bytes"),
    lacks("call", `export const a = (f: (...all: number[]) => void) => ${call};`, "255 arguments"),
  ];
  const types: readonly Planted[] = [
    lacks("findlast", "export const a = [1].findLast(Boolean);", "TS2550"),
    lacks("sorted", "export const a = [1].toSorted();", "TS2550"),
    lacks("with", "export const a = [1].with(0, 2);", "TS2550"),
    lacks("groupby", "export const a = Object.groupBy([1], String);", "TS2550"),
    lacks("iterator", "export const a = [1].values().map(String);", "TS2"),
    lacks("union", "export const f = (a: Set<number>) => a.union(a);", "TS2"),
    lacks("clone", "export const a = structuredClone(1);", "TS2304"),
    lacks("encoder", "export const a = new TextEncoder();", "TS2304"),
    lacks("console", "export const a = console;", "TS2584"),
    lacks("timer", "export const a = setTimeout;", "TS2304"),
  ];
  const all = [...engine, ...types];
  const name = (path: string): string => path.replace(/^.*\/|\.ts$/g, "");
  const core = all.map(([path]) => `export * as ${name(path)}_ from "./engine/${name(path)}.js";\n`).join("");
  const root = house([...all, ["firmware/core.ts", core, ""], ["firmware/core.vectors.ts", "", ""]], t);
  const linted = run(root, "scripts/tidy/jerryscript.mjs");
  for (const one of engine) t.ok(names(linted.lines, one), `engine: ${one[0]} ${one[2]}`);
  const compiled = run(root, "node_modules/typescript/bin/tsc", "-p", "firmware/tsconfig.core.json");
  for (const one of types) t.ok(names(compiled.lines, one), `engine types: ${one[0]} ${one[2]}`);
  t.equal(linted.status, 1);
  t.not(compiled.status, 0);
  t.end();
});

test("the layer check refuses every forbidden import, and refuses to have seen nothing", (t) => {
  const imports = (path: string): string => `import "${path}";\n`;
  const planted: readonly Planted[] = [
    ["shared/kernel/a.ts", `${imports("./b.js")}${imports("../clip/nowhere.js")}`, "no-cycles"],
    ["shared/kernel/b.ts", 'import type { A } from "./a.js";\nexport type B = A;\n', "no-cycles"],
    ["shared/kernel/lost.ts", imports("./nowhere.js"), "imports-resolve"],
    ["shared/kernel/up.ts", imports("../../cloud/vault/vault.js"), "shared-is-the-floor"],
    ["firmware/uplink/cloud.ts", imports("../../cloud/vault/vault.js"), "device-and-cloud-never-meet"],
    ["firmware/uplink/stage.ts", imports("../sealer/seal.js"), "stages-meet-in-main"],
    ["firmware/core.ts", 'export { outbox } from "./uplink/outbox.js";\n', ""],
    ["firmware/uplink/outbox.ts", "export const outbox = 1;\nexport type Outbox = 1;\n", ""],
    ["firmware/uplink/uplink.io.ts", 'import { outbox } from "./outbox.js";\noutbox;\n', "one-core"],
    [
      "firmware/uplink/named.io.ts",
      'import type { Outbox } from "./outbox.js";\nexport type A = Outbox;\n',
      "",
    ],
    ["firmware/main.ts", imports("./core.js"), "one-core"],
    ["firmware/capture.io.ts", imports("./detector/health.js"), "one-core"],
    ["firmware/detector/health.ts", "export const health = 1;\n", ""],
    ["firmware/sealer/seal.ts", imports("./seal.io.js"), "only-io-touches-the-world"],
    ["firmware/sealer/seal.io.ts", "export const io = 1;\n", ""],
    ["cloud/vault/node.ts", imports("node:fs"), "pure-has-no-node"],
    ["cloud/vault/npm.ts", imports("fastify"), "pure-npm-allow-list"],
    ["cloud/consent/decide.ts", imports("../vault/vault.js"), "consent-decides-alone"],
    ["cloud/vault/vault.ts", imports("../release/release.js"), "storage-cannot-release"],
    ["cloud/release/release.ts", "export const release = 1;\n", ""],
    ["cloud/web/page.ts", imports("../vault/vault.js"), "web-sees-the-contract"],
    ["cloud/ingest/top.ts", imports("../main.js"), "main-and-api-are-the-top"],
    ["cloud/main.ts", "export const main = 1;\n", ""],
    ["cloud/vault/tested.ts", imports("../../hil-tests/story.test.js"), "no-tests-in-product"],
    ["hil-tests/story.test.ts", "export const story = 1;\n", ""],
    ["nothing/of/ours.md", "", ""],
  ];
  const root = house(planted, t);
  const layers = (...folders: readonly string[]) => run(root, "scripts/tidy/layers.mjs", ...folders);
  const { status, lines } = layers("shared", "firmware", "cloud", "hil-tests");
  for (const one of planted.filter(([, , rule]) => rule !== "")) {
    t.ok(names(lines, one), `layers: ${one[0]} ${one[2]}`);
  }
  t.notOk(
    lines.some((line) => line.includes("named.io.ts")),
    "a type may come from anywhere",
  );
  t.equal(status, 1);
  t.equal(layers("nothing").status, 1, "seeing no module is no success");
  t.end();
});

test("the unused check refuses a file, an export and a dependency that nobody uses", (t) => {
  const planted: readonly Planted[] = [
    ["cloud/main.ts", 'import { used } from "./parts.js";\nused();\n', ""],
    ["cloud/parts.ts", "export const used = () => 1;\nexport const idle = 2;\n", "idle"],
    ["cloud/forgotten.ts", "export const forgotten = 1;\n", "cloud/forgotten.ts"],
    ["firmware/main.ts", 'import "left-pad";\n', "left-pad"],
  ];
  const { status, lines } = run(house(planted, t), "node_modules/knip/bin/knip.js", "--no-progress");
  for (const one of planted.filter(([, , rule]) => rule !== ""))
    t.ok(names(lines, one), `unused: ${one[0]} ${one[2]}`);
  t.ok(
    lines.some((line) => /fluent-ffmpeg +firmware\/package\.json/.test(line)),
    "unused: a dependency",
  );
  t.equal(status, 1);
  t.end();
});
