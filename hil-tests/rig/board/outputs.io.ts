import { execFile } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { Refused } from "../../../scripts/cli/refused.js";
import type { OutputResource } from "./config.js";

/** Something that is on or off: power, or a contact. */
export interface Output {
  set(on: boolean): Promise<void>;
}

const answerMillisMax = 5_000;
/** A USB relay board of the kind LCUS takes four bytes: a head, the channel, the state, and the sum of them. */
const relayHead = 0xa0;
const relayBaud = "9600";

/** `what` names it where it does not answer: "the power relay". */
export function openOutput(resource: OutputResource, what: string): Output {
  return {
    set: (on) =>
      within(resource, on).catch((error: unknown) => {
        const why = error instanceof Error ? error.message.trim() : `${error}`;
        throw new Refused(
          `${what} did not ${on ? "switch on" : "switch off"}: ${why}. Is it there, and is rig.yaml right about it?`,
        );
      }),
  };
}

async function within(resource: OutputResource, on: boolean): Promise<void> {
  switch (resource.kind) {
    case "http":
      return request(on ? resource.on : resource.off);
    case "serial":
      return writeRelay(resource, on);
    case "command":
      return command(on ? resource.on : resource.off);
  }
}

async function request(url: string): Promise<void> {
  const signal = AbortSignal.timeout(answerMillisMax);
  const answer = await fetch(url, { signal }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : `${error}`;
    throw new Error(signal.aborted ? `no answer within ${answerMillisMax / 1_000} s` : cause);
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}

/** The board answers nothing: that the device takes the bytes is all that can be known. */
async function writeRelay(
  { device, channel }: { device: string; channel: number },
  on: boolean,
): Promise<void> {
  await promisify(execFile)("stty", ["-F", device, relayBaud, "raw", "-echo"], { timeout: answerMillisMax });
  const file = openSync(device, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    const state = on ? 1 : 0;
    writeSync(file, Uint8Array.of(relayHead, channel, state, relayHead + channel + state));
  } finally {
    closeSync(file);
  }
}

async function command([program = "", ...args]: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args, { timeout: answerMillisMax });
}
