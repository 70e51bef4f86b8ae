// A cloud without an API as a process of its own, for tests that kill it: started by `fork` with a directory, in which
// cameras.json names the cameras. Tells its parent where it listens.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize } from "node:v8";
import type { CameraId } from "../../shared/kernel/ids.js";
import type { RigCamera } from "./camera.contract.js";
import { startRig } from "./rig.contract.js";

const [, , directory = ""] = process.argv;
const cameras: Map<CameraId, RigCamera> = deserialize(readFileSync(join(directory, "cameras")));
const rig = await startRig({ directory, cameras });
process.once("disconnect", () => process.exit(1));
process.send?.({ port: rig.ingest.address.port });
