/**
 * The camera's pure machines, bundled into one file that runs on any engine: Node (`core.io.ts`), QuickJS, JerryScript in
 * 512 KB. What a `*.io.ts` of the firmware needs of a machine comes from here.
 */
// biome-ignore-start lint/performance/noBarrelFile: the entry of a bundle, which nothing else may import.
export { dueAt, graceMillis, startSupervisor, step as stepSupervisor } from "./camera/supervisor.js";
export { createMotion } from "./detector/motion.js";
export { idleTrigger, step as stepTrigger } from "./detector/trigger.js";
export { step as stepCutter } from "./recorder/cut.js";
export { cutDefaults, dueIn, isRecording, newCutter } from "./recorder/cutter.js";
export { judge } from "./thumbnail/judge.js";
export { createPicker } from "./thumbnail/picker.js";
export {
  addThumbnail,
  clipIsThere,
  dropThumbnail,
  hearOfThumbnail,
  nextThumbnail,
  sendAgain,
} from "./uplink/album.js";
export { emptyOutbox, isDrained, step as stepOutbox } from "./uplink/outbox.js";
export { chanceOf, endTurn, isConflict, noTurns, waitBefore } from "./uplink/retry.js";
// biome-ignore-end lint/performance/noBarrelFile: the entry of a bundle, which nothing else may import.
