// npm run build:core              builds everything, and says where the camera's core is
// npm run build:core -- --write   and takes what it does now as what its vectors expect (shared/vectors/core/*.txt)
import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundlePath, writeExpected } from "../firmware/core.contract.js";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
process.stdout.write(`${bundlePath} ${statSync(bundlePath).size} bytes\n`);
if (values.write) await writeExpected();
