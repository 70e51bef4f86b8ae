// The scripts of the cloud's own pages, each as one file for browsers.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = ["sign-in", "share", "record", "desk", "office"];

/** esbuild's result: the files for .build/, not written yet. */
export function bundlePages() {
  // A project that tries the tools alone has no pages.
  const found = pages.filter((page) => existsSync(`${root}cloud/web/${page}/main.ts`));
  return build({
    absWorkingDir: root,
    entryPoints: found.map((page) => ({ in: `cloud/web/${page}/main.ts`, out: `${page}.bundle` })),
    outdir: ".build/cloud/web",
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    minify: true,
    write: false,
    logLevel: "warning",
  });
}
