import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashLog, killLog, type LogStory } from "../scenarios/logkill.js";
import { proofByTests } from "./bytests.js";
import { proveByBench } from "./journey.js";
import type { Outcome, Proof } from "./proof.js";

const kills = 200;

/** Issue 5: the public log. */
export const logProofs: readonly Proof[] = [
  proofByTests(5, "Log: all vectors of ../shared/vectors/tlog.json", [
    {
      what: "the vectors",
      tests: [
        ["shared/tlog/tlog.test", "leaves, nodes and roots are those of RFC 9162's tree"],
        ["shared/tlog/tlog.test", "proofs are the known ones, and hold"],
        ["shared/tlog/tlog.test", "tiles and bundles are those of C2SP tlog-tiles"],
        ["shared/tlog/checkpoint.test", "keys and checkpoints are the known ones, byte for byte"],
        ["shared/tlog/checkpoint.test", "a cosignature is the known one"],
        ["shared/tlog/checkpoint.test", "a proof for whoever is offline is the known one"],
        ["shared/tlog/checkpoint.test", "a witness cosigns what follows what it saw"],
      ],
    },
  ]),
  {
    issue: 5,
    line: "Log: 1,000,000 entries appended with at least 2,000/s sustained on this machine with fsync before a checkpoint is published (batching allowed), proof served in under 5 ms median",
    run: (context) => proveByBench(context, "log"),
  },
  {
    issue: 5,
    line: "Log: killed 200 times at random writes, failing both lost and persisted, never two roots for one size, no entry acknowledged and missing",
    run: async ({ progress }) => {
      const crashed = await inRoom((directory) => crashLog({ directory, crashes: kills, seed: 2 }));
      progress(`failing writes: ${said(crashed)}`);
      const killed = await inRoom((directory) => killLog({ directory, crashes: kills, seed: 2 }));
      progress(`killed processes: ${said(killed)}`);
      return outcomeOf({ crashed, killed });
    },
  },
  proofByTests(5, "Log: a forged checkpoint and a forged witness are refused with their reason", [
    {
      what: "checkpoint",
      tests: [
        ["scripts/cli/log/audit.slow.test", "whatever somebody changes on the way"],
        ["scripts/cli/log/audit.slow.test", "another key, too few witnesses, a hidden end"],
      ],
    },
    {
      what: "witness",
      tests: [
        ["hil-tests/scenarios/witness.slow.test", "nothing is published that two of three witnesses"],
        ["hil-tests/scenarios/witness.slow.test", "a witness cosigns no second history"],
      ],
    },
    {
      what: "charter version",
      tests: [["scripts/cli/member/logcheck.slow.test", "a second charter of one version is an alarm"]],
    },
  ]),
];

async function inRoom(run: (directory: string) => Promise<LogStory>): Promise<LogStory> {
  const directory = mkdtempSync(join(tmpdir(), "lintel-log-"));
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function said({ crashes, acknowledged, entries, shown, faults }: LogStory): string {
  return `${crashes}, ${acknowledged} of ${entries} entries answered, ${shown} checkpoints shown, ${faults.length} faults`;
}

function outcomeOf({ crashed, killed }: Readonly<Record<"crashed" | "killed", LogStory>>): Outcome {
  const faults = [...crashed.faults, ...killed.faults];
  return {
    ok: faults.length === 0 && crashed.acknowledged > 0 && killed.acknowledged > 0,
    figures: {
      failedWrites: crashed.crashes,
      answered: crashed.acknowledged,
      kills: killed.crashes,
      answeredBeforeKills: killed.acknowledged,
    },
    note: faults.slice(0, 5).join("; "),
  };
}
