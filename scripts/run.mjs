// node scripts/run.mjs <program>.ts [arguments]: sets up, builds, runs one program from .build/ in this process.
import { setUp } from "./setup.mjs";

const [program, ...rest] = process.argv.slice(2);
setUp(program.includes("prove") ? "test" : "demo");
await import("./build.mjs");

process.setSourceMapsEnabled(true);
const built = new URL(`../.build/${program.replace(/\.ts$/, ".js")}`, import.meta.url);
process.argv = [process.execPath, built.pathname, ...rest];
await import(built.href);
