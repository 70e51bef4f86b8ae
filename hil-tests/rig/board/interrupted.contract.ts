// For a test: a run that somebody stops while the board is without power. Its one argument is the configuration.
import { openBoardRig } from "./board.io.js";

const rig = await openBoardRig(JSON.parse(process.argv[2] ?? "{}"));
const house = { broker: "embedded", preRoll: 2, postRoll: 2 } as const;
const drivers = await rig.open({ house, needs: ["power"], seed: 1, onConsole: () => undefined });
await drivers.power?.cut("camera");
process.stdout.write("cut\n");
setInterval(() => undefined, 60_000);
