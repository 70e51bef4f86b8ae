import { openInstallGround } from "../scenarios/install.js";
import { proofByTests } from "./bytests.js";
import type { Outcome, Proof, ProofContext } from "./proof.js";

const attacker = "hil-tests/scenarios/attacker.slow.test";
const provision = "scripts/image/provision.slow.test";
const doctor = "scripts/cli/doctor/doctor.slow.test";
const plantedFaults = [
  ...[
    "a key that others can read",
    "a key file that is gone",
    "a key file that is damaged",
    "no camera",
    "no encoder",
  ],
  ...["a full disk", "a card that turned read-only", "a clock that is wrong", "a cloud that is not reached"],
  ...["another authority's certificate", "a certificate that ended", "a charter that was changed"],
  ...["a mode order that was lost", "a charter with sound and no microphone"],
  ...[
    "a microphone that is named and not there",
    "a service that does not run",
    "a program that was altered",
  ],
];

/** Issue 4: the installer, and what must hold against whoever has the cloud. */
export const installerProofs: readonly Proof[] = [
  proofByTests(
    4,
    'A cloud with every server secret, the database and the vault in the attacker\'s hand opens zero clips and cannot make a camera seal to another key, turn audio on, lift a mask or leave "off"',
    [
      {
        what: "scripted attacker against the real processes",
        tests: [
          [
            attacker,
            "with every secret, the database and the vault of the cloud nothing opens, and no camera obeys",
          ],
          [attacker, "a claim whose answer the cloud makes up or replays is refused"],
          [attacker, "what the attacker tries would open what it should"],
          ["firmware/house.slow.test", "off means off: no older, forged, foreign or adult's order lifts it"],
        ],
      },
    ],
  ),
  proofByTests(4, "1,000 provisioned images: no equal secret", [
    {
      what: "a thousand boards, and the image",
      tests: [
        [provision, "of a thousand boards no two have an equal key, secret, id, salt or fingerprint"],
        [provision, "the image itself holds no secret"],
      ],
    },
  ]),
  proofByTests(4, "lintel doctor finds each of ten planted faults", [
    { what: "none on a healthy board", tests: [[doctor, "a healthy board has no findings"]] },
    ...plantedFaults.map((fault) => ({ what: fault, tests: [[doctor, `doctor finds ${fault}`]] as const })),
  ]),
  {
    issue: 4,
    line: "installer: fresh board directory to acknowledged, verified clip in one command; wall time printed by step; killed at every step and rerun, it completes",
    run: killEverywhere,
  },
];

async function killEverywhere({ progress }: ProofContext): Promise<Outcome> {
  const ground = await openInstallGround();
  try {
    const { points, steps } = await ground.inPeace();
    const faults: string[] = [];
    let completed = 0;
    for (const point of points) {
      const rerun = await ground.killedAt(point);
      progress(`killed ${point.name}: ${rerun.faults.join("; ") || "completed"}`);
      faults.push(...rerun.faults.map((fault) => `${point.name}: ${fault}`));
      if (rerun.killed && rerun.faults.length === 0) completed += 1;
      if (!rerun.killed) faults.push(`${point.name}: it had ended before the kill`);
    }
    const seconds = Object.entries(steps).map(([step, ms]) => [`${step} (s)`, ms / 1_000]);
    const figures = { kills: points.length, completed };
    return {
      ok: faults.length === 0,
      figures: { ...figures, ...Object.fromEntries(seconds) },
      note: faults.join("; "),
    };
  } finally {
    await ground.close();
  }
}
