// The camera's core as one file for any engine, and beside it the player of its vectors. The options are those under
// which JerryScript 3.0.0 gives what Node gives: ES2019 at most, fields assigned rather than defined.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Entry, and the one name that the file defines. */
const bundles = { "firmware/core": "LintelCore", "firmware/core.vectors": "LintelVectors" };

/** esbuild's result for each bundle: the files for .build/, not written yet, and which sources are in them. */
export function bundleCore() {
  // A project that tries the tools alone has no firmware.
  const entries = Object.entries(bundles).filter(([entry]) => existsSync(`${root}${entry}.ts`));
  return Promise.all(
    entries.map(([entry, globalName]) =>
      build({
        absWorkingDir: root,
        entryPoints: [`${entry}.ts`],
        outfile: `.build/${entry}.bundle.js`,
        globalName,
        bundle: true,
        format: "iife",
        platform: "neutral",
        mainFields: ["module", "main"],
        target: "es2019",
        supported: { "nullish-coalescing": true }, // written out, it makes the detector a third slower there
        charset: "ascii",
        legalComments: "none",
        minify: true,
        sourcemap: "linked",
        metafile: true,
        write: false,
        logLevel: "warning",
        tsconfigRaw: {
          compilerOptions: { strict: true, alwaysStrict: true, useDefineForClassFields: false },
        },
      }),
    ),
  );
}
