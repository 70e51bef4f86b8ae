import { type Case, proofByTests } from "./bytests.js";

const camera = "firmware/camera/ffmpeg.slow.test";
const rtsp = "firmware/camera/rtsp.slow.test";
const rights = "cloud/broker/rights.slow.test";
const ingest = "cloud/ingest/ingest.slow.test";
const journal = "firmware/recorder/journal.test";
const uplink = "hil-tests/scenarios/uplink.slow.test";
const firmware = "hil-tests/scenarios/firmware.slow.test";

/** Each kind of bad input of the issue. */
const refusals: readonly Case[] = [
  {
    what: "unplugged camera",
    tests: [
      [camera, "sources that are not there are told with advice"],
      [rtsp, "an RTSP camera that hangs up half-way"],
      ["firmware/recorder/cut.test", "a source that is lost interrupts the clip"],
    ],
  },
  { what: "non-video file", tests: [[camera, "sources that are not there are told with advice"]] },
  { what: "wrong broker URL", tests: [[firmware, "a wrong broker address"]] },
  {
    what: "wrong credentials",
    tests: [
      [rights, "embedded: neither another client id nor a foreign"],
      [rights, "mosquitto: neither another client id nor a foreign"],
      [uplink, "a camera without the right certificate"],
      ["cloud/api/access.slow.test", "an expired token, another cloud's token"],
    ],
  },
  {
    what: "expired credentials",
    tests: [
      [rights, "embedded: an expired certificate"],
      [rights, "mosquitto: an expired certificate"],
      [uplink, "a broker with an expired certificate"],
      ["cloud/api/access.slow.test", "an expired token, another cloud's token"],
    ],
  },
  {
    what: "foreign camera id in a topic",
    tests: [
      [rights, "embedded: a camera cannot speak"],
      [rights, "mosquitto: a camera cannot speak"],
    ],
  },
  {
    what: "oversized messages",
    tests: [
      [rights, "embedded: a packet above the limit"],
      [rights, "mosquitto: a packet above the limit"],
    ],
  },
  {
    what: "truncated messages",
    tests: [
      [ingest, "an announcement whose header is missing, cut"],
      [ingest, "messages that are not what their topic says"],
    ],
  },
  { what: "reordered messages", tests: [[ingest, "chunks that come in another order"]] },
  { what: "replayed messages", tests: [[ingest, "a segment that is sent again"]] },
  {
    what: "forged messages",
    tests: [
      [ingest, "a note that another signed"],
      [uplink, "a receipt that the vault did not sign"],
    ],
  },
  {
    what: "full disk on either side",
    tests: [
      [journal, "a full card stops nothing"],
      ["cloud/vault/vault.test", "a full disk is a full vault"],
    ],
  },
  {
    what: "corrupt outbox or journal",
    tests: [
      [journal, "damaged segments are set aside"],
      [journal, "damaged state and events are set aside"],
      ["firmware/recorder/strange.test", "what is no file where one belongs"],
    ],
  },
  {
    what: "clock one year off",
    tests: [
      ["hil-tests/scenarios/clock.slow.test", "a camera whose clock is -365 days off"],
      ["hil-tests/scenarios/clock.slow.test", "a camera whose clock is 365 days off"],
    ],
  },
  {
    what: "two firmwares with one identity",
    tests: [
      [uplink, "two firmwares with one identity"],
      [rights, "two devices with one identity"],
      [firmware, "a second firmware on the same state directory"],
    ],
  },
];

export const badInputProof = proofByTests(
  2,
  "Bad input, each a clear refusal and nothing lost or crashed",
  refusals,
);
