// node scripts/run.mjs demo|test [<program>.ts [arguments]]: makes ready what a demo or a test needs, builds, and
// runs the program, if one is given, from .build/ in this process.
import { setUp } from "./setup.mjs";

const [purpose, program, ...rest] = process.argv.slice(2);
if (["--help", "-h"].includes(program)) {
  console.log(
    "npm run build: everything into .build/, after setting up. It takes no arguments. Exit code: 0 built, 1 not.",
  );
  process.exit(0);
}
setUp(purpose);
await import("./build.mjs");

if (program !== undefined) {
  process.setSourceMapsEnabled(true);
  const built = new URL(`../.build/${program.replace(/\.ts$/, ".js")}`, import.meta.url);
  process.argv = [process.execPath, built.pathname, ...rest];
  standWhereTheUserStands();
  await import(built.href);
}

/** npm starts its scripts in the project's root; relative paths that a person types are meant from where they stand. */
function standWhereTheUserStands() {
  const { INIT_CWD: folder, npm_lifecycle_script: script = "" } = process.env;
  if (folder !== undefined && script.includes("scripts/run.mjs")) process.chdir(folder);
}
