import { journeyOnArm64 } from "../rig/emulated/journey.io.js";
import type { Proof } from "./proof.js";

/** Issue 6: what a board would show, on one whose processor is emulated. */
export const boardProofs: readonly Proof[] = [
  {
    issue: 6,
    line: "emulated board: the camera's package on an arm64 Debian with 512 MB installs itself, records the scene and its clip opens",
    async run({ progress }) {
      return {
        ok: true,
        figures: await journeyOnArm64(progress),
        note: "emulated by QEMU, whose own memory and time are in every figure; no board was measured",
      };
    },
  },
];
