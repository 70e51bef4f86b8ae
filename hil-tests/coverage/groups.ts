/** What may have no branch that no test runs, unless a reason stands beside it; and the tests that run it. */
export interface Group {
  readonly name: string;
  /** Folders, or single files. */
  readonly paths: readonly string[];
  readonly tests: readonly string[];
}

const fuzz = "hil-tests/fuzz/fuzz.slow.test.ts";

/** Issue 6: the gate, the charter, the outbox, the journal, the log and the parsers. */
export const groups: readonly Group[] = [
  {
    name: "charter",
    paths: ["shared/charter/"],
    tests: ["shared/charter/charter.test.ts", "shared/charter/mode.test.ts", fuzz],
  },
  {
    name: "log",
    paths: ["shared/tlog/", "cloud/tlog/"],
    tests: [
      ...["shared/tlog/tlog.test.ts", "shared/tlog/checkpoint.test.ts", "shared/tlog/entry.test.ts"],
      ...["cloud/tlog/tlog.test.ts", "cloud/tlog/publiclog.test.ts", fuzz],
      "hil-tests/scenarios/witness.slow.test.ts",
    ],
  },
  {
    name: "parsers",
    paths: [
      "shared/clip/",
      "shared/seal/",
      "shared/protocol/",
      "shared/kernel/bytes.ts",
      "shared/kernel/ids.ts",
    ],
    tests: [
      ...["shared/clip/clip.test.ts", "shared/clip/fmp4.test.ts", "shared/clip/thumbnail.test.ts"],
      ...[
        "shared/seal/seal.test.ts",
        "shared/protocol/protocol.test.ts",
        "shared/kernel/kernel.test.ts",
        fuzz,
      ],
    ],
  },
  {
    name: "gate",
    paths: ["cloud/consent/", "cloud/release/", "shared/release/"],
    tests: [
      ...["cloud/consent/decide.test.ts", "shared/release/batch.test.ts", "shared/release/offices.test.ts"],
      ...["shared/release/package.test.ts", "shared/release/release.test.ts", "shared/release/slice.test.ts"],
      ...["shared/release/pressure.test.ts", "cloud/office/operators.test.ts"],
      ...["shared/release/vectors.test.ts", "shared/release/sentences.test.ts", fuzz],
      ...[
        "cloud/consent/sentences.test.ts",
        "cloud/release/release.test.ts",
        "cloud/api/releases.slow.test.ts",
      ],
      ...["shared/release/package.slow.test.ts", "scripts/cli/verify/verify.test.ts"],
      ...["hil-tests/scenarios/machines.slow.test.ts", "hil-tests/scenarios/town.slow.test.ts"],
      ...["hil-tests/scenarios/refusals.slow.test.ts", "cloud/api/contacts.slow.test.ts"],
      ...["cloud/api/emergencies.slow.test.ts", "scripts/cli/agencies.slow.test.ts"],
      "scripts/cli/consent/consent.slow.test.ts",
    ],
  },
  {
    name: "outbox",
    paths: ["firmware/uplink/outbox.ts", "firmware/uplink/queue.ts"],
    tests: [
      "firmware/uplink/outbox.test.ts",
      "firmware/uplink/uplink.test.ts",
      "firmware/uplink/world.test.ts",
    ],
  },
  {
    name: "journal",
    paths: ["firmware/recorder/journal.ts", "firmware/recorder/journal.io.ts", "firmware/recorder/frame.ts"],
    tests: [
      ...["firmware/recorder/journal.test.ts", "firmware/recorder/strange.test.ts", fuzz],
      ...["firmware/recorder/powercut.slow.test.ts", "firmware/recorder/bounds.slow.test.ts"],
      ...["firmware/uplink/uplink.test.ts", "firmware/uplink/world.test.ts"],
    ],
  },
];
