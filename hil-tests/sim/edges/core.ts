// Takes the place of `firmware/core.io.ts`: the machines themselves instead of their bundle, so that mutations reach them.
import * as machines from "../../../firmware/core.js";

export const core = machines;
