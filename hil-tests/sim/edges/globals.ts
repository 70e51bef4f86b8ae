// Takes the place of Node's globals in everything that the simulation bundles.
import { clearTimer, elapsed, type Handle, prng, setRepeating, setTimer, wallNow } from "./clockwork.js";

type Work = (...values: unknown[]) => void;

const RealDate = globalThis.Date;
const RealMath = globalThis.Math;
const realProcess = globalThis.process;

class SimDate extends RealDate {
  constructor(...values: unknown[]) {
    // As `new Date(...)` takes them: none means now.
    super(...((values.length === 0 ? [wallNow()] : values) as [number]));
  }
  static override now(): number {
    return wallNow();
  }
}

const setTimeout = (work: Work, millis = 0, ...values: unknown[]): Handle =>
  setTimer(() => work(...values), Math.max(millis, 1));
const setInterval = (work: Work, millis = 0, ...values: unknown[]): Handle =>
  setRepeating(() => work(...values), millis);
const setImmediate = (work: Work, ...values: unknown[]): Handle => setTimer(() => work(...values), 0);
const performance = { now: elapsed };
const SimMath = Object.create(RealMath, { random: { value: () => prng().next() } });
/** Only what would differ from run to run. */
const process = Object.create(realProcess, {
  cpuUsage: { value: () => ({ user: 0, system: 0 }) },
  uptime: { value: () => elapsed() / 1000 },
});

export {
  clearTimer as clearImmediate,
  clearTimer as clearInterval,
  clearTimer as clearTimeout,
  performance,
  process,
  SimDate as Date,
  SimMath as Math,
  setImmediate,
  setInterval,
  setTimeout,
};
