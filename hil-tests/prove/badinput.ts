import { join } from "node:path";
import type { Outcome, Proof, ProofContext } from "./proof.js";

/** A kind of bad input of the issue, and the tests that show its refusal, by the beginning of their titles. */
interface Refusal {
  readonly input: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
}

const camera = "firmware/camera/camera.test";
const rtsp = "firmware/camera/rtsp.slow.test";
const rights = "cloud/broker/rights.test";
const ingest = "cloud/ingest/ingest.test";
const journal = "firmware/recorder/journal.test";
const uplink = "hil-tests/scenarios/uplink.slow.test";
const firmware = "hil-tests/scenarios/firmware.slow.test";

const refusals: readonly Refusal[] = [
  {
    input: "unplugged camera",
    tests: [
      [camera, "sources that are not there are told with advice"],
      [rtsp, "an RTSP camera that hangs up half-way"],
      ["firmware/recorder/cut.test", "a source that is lost interrupts the clip"],
    ],
  },
  { input: "non-video file", tests: [[camera, "sources that are not there are told with advice"]] },
  { input: "wrong broker URL", tests: [[firmware, "a wrong broker address"]] },
  {
    input: "wrong credentials",
    tests: [
      [rights, "embedded: neither another client id nor a foreign"],
      [rights, "mosquitto: neither another client id nor a foreign"],
      [uplink, "a camera without the right certificate"],
      ["cloud/api/access.test", "an expired token, another cloud's token"],
    ],
  },
  {
    input: "expired credentials",
    tests: [
      [rights, "embedded: an expired certificate"],
      [rights, "mosquitto: an expired certificate"],
      [uplink, "a broker with an expired certificate"],
      ["cloud/api/access.test", "an expired token, another cloud's token"],
    ],
  },
  {
    input: "foreign camera id in a topic",
    tests: [
      [rights, "embedded: a camera cannot speak"],
      [rights, "mosquitto: a camera cannot speak"],
    ],
  },
  {
    input: "oversized messages",
    tests: [
      [rights, "embedded: a packet above the limit"],
      [rights, "mosquitto: a packet above the limit"],
    ],
  },
  {
    input: "truncated messages",
    tests: [
      [ingest, "an announcement whose header is missing, cut"],
      [ingest, "messages that are not what their topic says"],
    ],
  },
  { input: "reordered messages", tests: [[ingest, "chunks that come in another order"]] },
  { input: "replayed messages", tests: [[ingest, "a segment that is sent again"]] },
  {
    input: "forged messages",
    tests: [
      [ingest, "a note that another signed"],
      [uplink, "a receipt that the vault did not sign"],
    ],
  },
  {
    input: "full disk on either side",
    tests: [
      [journal, "a full card stops nothing"],
      ["cloud/vault/vault.test", "a full disk is a full vault"],
    ],
  },
  {
    input: "corrupt outbox or journal",
    tests: [
      [journal, "damaged segments are set aside"],
      [journal, "damaged state and events are set aside"],
      ["firmware/recorder/strange.test", "what is no file where one belongs"],
    ],
  },
  {
    input: "clock one year off",
    tests: [
      ["hil-tests/scenarios/clock.slow.test", "a camera whose clock is -365 days off"],
      ["hil-tests/scenarios/clock.slow.test", "a camera whose clock is 365 days off"],
    ],
  },
  {
    input: "two firmwares with one identity",
    tests: [
      [uplink, "two firmwares with one identity"],
      [rights, "two devices with one identity"],
      [firmware, "a second firmware on the same state directory"],
    ],
  },
];

/** Longer than any of the test files takes. */
const fileSecondsMax = 900;

export const badInputProof: Proof = {
  issue: 2,
  line: "Bad input, each a clear refusal and nothing lost or crashed",
  async run(context) {
    const files = new Set(refusals.flatMap(({ tests }) => tests.map(([file]) => file)));
    const passed = new Map<string, readonly string[]>();
    for (const file of files) passed.set(file, await passedIn(context, file));
    const unshown = refusals.flatMap(({ input, tests }) =>
      tests.flatMap(([file, title]) =>
        (passed.get(file) ?? []).some((one) => one.startsWith(title)) ? [] : [`${input}: ${file}: ${title}`],
      ),
    );
    return outcomeOf(unshown);
  },
};

function outcomeOf(unshown: readonly string[]): Outcome {
  const tests = refusals.reduce((sum, refusal) => sum + refusal.tests.length, 0);
  return {
    ok: unshown.length === 0,
    figures: { inputs: refusals.length, tests, shown: tests - unshown.length },
    note: unshown.join("; "),
  };
}

/** Titles of a built test file's own tests that ran and passed. */
async function passedIn({ root, command, progress }: ProofContext, file: string): Promise<readonly string[]> {
  const program = [join(root, ".build", `${file}.js`)];
  const { output, seconds } = await command(process.execPath, program, fileSecondsMax);
  const titles = output.split("\n").flatMap((line) => {
    const title = /^ok \d+ - (.*)$/.exec(line)?.[1];
    return title === undefined || / # (SKIP|TODO)/i.test(title) ? [] : [title];
  });
  progress(`${file}: ${titles.length} tests passed, ${seconds.toFixed(0)} s`);
  return titles;
}
