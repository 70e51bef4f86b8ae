// Turns every .ts of the workspaces into .build/<same path>.js, one file from one file: source maps give back
// .ts lines, coverage counts per source file. The camera's core is bundled beside, as the firmware loads it, and so are
// the scripts of the cloud's pages. A file that did not change is left alone, so that a running program never sees its modules disappear.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import { bundleCore } from "./core.mjs";
import { bundlePages } from "./web.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const workspaces = ["shared", "firmware", "cloud", "scripts", "hil-tests"];

const filesUnder = (directory) => {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesUnder(path);
      return [path];
    });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
};

const contents = (path) => {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
};

/** Whole or not at all: two builds may run at once, and a program may be reading. */
const replace = (path, bytes) => {
  if (contents(path)?.equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}.half`;
  writeFileSync(half, bytes);
  renameSync(half, path);
};

const entryPoints = workspaces
  .flatMap((workspace) => filesUnder(join(root, workspace)))
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"));

const modules = build({
  absWorkingDir: root,
  entryPoints,
  outbase: root,
  outdir: join(root, ".build"),
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "linked",
  logLevel: "warning",
  write: false,
});
const built = await Promise.all([modules, bundleCore(), bundlePages()])
  .then((results) => results.flat())
  .catch(() => process.exit(1)); // esbuild has printed where and why
const outputFiles = built.flatMap((result) => result.outputFiles);

await stop();

for (const { path, contents: bytes } of outputFiles) replace(path, Buffer.from(bytes));

const wanted = new Set(outputFiles.map(({ path }) => path));
for (const workspace of workspaces) {
  for (const path of filesUnder(join(root, ".build", workspace))) {
    const stale = /\.js(\.map)?$/.test(path) && !wanted.has(path);
    if (stale) rmSync(path, { force: true });
  }
}
if (entryPoints.length === 0) console.error(`build: no TypeScript found under ${relative("", root) || "."}`);
