// Who may import whom, as rules. Read beside README.md's map; `npm run check` enforces them.
import { existsSync, readFileSync } from "node:fs";

/** What firmware/core.ts hands on, itself, and all of the detector. */
const core = existsSync("firmware/core.ts") ? readFileSync("firmware/core.ts", "utf8") : "";
const handedOn = [...core.matchAll(/from "[.][/](.*)[.]js"/g)].map(([, path]) => path);
const machines = `^firmware/(core|detector/[^/]+|${handedOn.join("|")})[.]ts$`;
const world = "[.]io[.]ts$|/main[.]ts$|[.](test|contract)[.]ts$";
const pure = { path: "^(shared|firmware|cloud)/", pathNot: [world, "^cloud/(api|web)/"] };
const fromNpm = ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown", "unknown"];
const ban = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

export default {
  forbidden: [
    ban("no-cycles", "A cycle means two files are one. Types count.", {}, { circular: true }),
    ban("imports-resolve", "An import must lead somewhere; npm leaves optional packages out where they do not install.", {}, {
      couldNotResolve: true,
      pathNot: "^(ffmpeg-static|@ffmpeg-installer/ffmpeg)$",
    }),
    ban(
      "shared-is-the-floor",
      "shared/ imports nothing above it.",
      { path: "^shared/" },
      { path: "^(firmware|cloud|hil-tests|scripts)/" },
    ),
    ban(
      "device-and-cloud-never-meet",
      "They share a protocol, never code.",
      { path: "^(firmware|cloud)/" },
      { path: "^(firmware|cloud)/", pathNot: "^$1/" },
    ),
    ban(
      "stages-meet-in-main",
      "A stage knows shared/ and itself.",
      { path: "^firmware/([^/]+)/" },
      { path: "^firmware/", pathNot: "^firmware/($1/|core[.]io[.]ts$)" },
    ),
    ban(
      "one-core",
      "What touches the world takes the machines from the bundle that every engine runs, by core.io.ts.",
      { path: "^firmware/(.*[.]io|main)[.]ts$" },
      { path: machines, dependencyTypesNot: ["type-only"] },
    ),
    ban("only-io-touches-the-world", "Pure files import no *.io.ts.", pure, { path: "[.]io[.]ts$" }),
    ban("pure-has-no-node", "No node: modules in pure files.", pure, { dependencyTypes: ["core"] }),
    ban("pure-npm-allow-list", "Pure files use audited packages only.", pure, {
      dependencyTypes: fromNpm,
      pathNot: "node_modules/(@noble|@scure|typebox|age-encryption)/",
    }),
    ban(
      "consent-decides-alone",
      "The decision sees households and shared/ only.",
      { path: "^cloud/consent/" },
      { path: "^cloud/", pathNot: "^cloud/(consent|household)/" },
    ),
    ban(
      "storage-cannot-release",
      "What stores clips never imports what releases them.",
      { path: "^cloud/(broker|ingest|vault)/" },
      { path: "^cloud/(consent|release|agency)/" },
    ),
    ban(
      "web-sees-the-contract",
      "The browser sees shared/ and api/contract only.",
      { path: "^cloud/web/" },
      { path: "^cloud/", pathNot: "^cloud/(web|api/contract)/" },
    ),
    ban(
      "main-and-api-are-the-top",
      "Nothing below imports the wiring.",
      { pathNot: "^(cloud/(api|web)/|cloud/main|hil-tests/|scripts/)" },
      { path: "/main[.]ts$|^cloud/api/" },
    ),
    ban(
      "no-tests-in-product",
      "Product never imports tests or scripts.",
      { path: "^(shared|firmware|cloud)/", pathNot: "[.](test|contract)[.]ts$" },
      { path: "[.](test|contract)[.]ts$|^(hil-tests|scripts)/" },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^[.]build/" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
