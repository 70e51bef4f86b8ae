import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import type { Mutation } from "./mutations.js";

/** What stands in the place of what: everything else in the bundle is the product, as it is. */
const edges: Readonly<Record<string, string>> = {
  "node:fs": "fs",
  "node:fs/promises": "fspromises",
  "node:timers/promises": "timers",
  "node:crypto": "crypto",
  "@noble/curves/ed25519.js": "curves",
  "@noble/hashes/sha2.js": "hashes",
  "age-encryption": "age",
  mqtt: "mqtt",
  "shared/seal/native.io.ts": "native",
  "cloud/sqlite.io.ts": "sqlite",
  "firmware/core.io.ts": "core",
  "firmware/uplink/tls.io.ts": "tls",
  "firmware/camera/camera.io.ts": "lens",
};

/**
 * The simulated world as one file: the product's own sources, with the edges exchanged at which it touches the world, and a
 * mutation planted if one is asked for. Throws when the mutation's text does not stand exactly once in its file.
 */
export async function bundleWorld(
  root: string,
  mutation: Mutation | undefined,
  entry: "seed" | "told" = "seed",
): Promise<string> {
  const name = mutation?.name ?? (entry === "seed" ? "world" : entry);
  const outfile = join(root, ".build/sim", `${name}.mjs`);
  let planted = mutation === undefined;
  const exchange: Plugin = {
    name: "exchange",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ path, importer }) => {
        if (importer.includes("/hil-tests/sim/edges/")) return undefined;
        const edge = edges[path] ?? edges[sourceOf(root, importer, path)];
        return edge === undefined ? undefined : { path: join(root, "hil-tests/sim/edges", `${edge}.ts`) };
      });
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (mutation === undefined || relative(root, path) !== mutation.file) return undefined;
        planted = true;
        return { contents: plant(readFileSync(path, "utf8"), mutation), loader: "ts" };
      });
    },
  };
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, "hil-tests/sim/world", `${entry}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "linked",
    logLevel: "warning",
    external: ["better-sqlite3", "better-sqlite3-napi"],
    inject: [join(root, "hil-tests/sim/edges/globals.ts")],
    plugins: [exchange],
    // Packages that are CommonJS still ask for `require`.
    banner: {
      js: `import { createRequire as requireHere } from "node:module"; const require = requireHere(import.meta.url);`,
    },
  });
  if (!planted) throw new Error(`${mutation?.name}: the world does not load ${mutation?.file}`);
  return outfile;
}

/** The source file that an import of `x.js` names, from the project's root. */
function sourceOf(root: string, importer: string, path: string): string {
  if (!path.startsWith(".")) return path;
  const source = join(importer, "..", path.replace(/\.js$/, ".ts"));
  return existsSync(source) ? relative(root, source) : path;
}

function plant(source: string, { name, file, from, to }: Mutation): string {
  const count = source.split(from).length - 1;
  if (count !== 1) throw new Error(`${name}: "${from}" stands ${count} times in ${file}, not once`);
  return source.replace(from, () => to);
}
