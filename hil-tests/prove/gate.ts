import { type Case, proofByTests } from "./bytests.js";
import type { Proof } from "./proof.js";

const withdrawals = 1_000;
const walks = 1_000;
const machines = "hil-tests/scenarios/machines.slow.test";
const orders = "hil-tests/scenarios/orders.slow.test";
const authorisations = "hil-tests/scenarios/authorisations.slow.test";
const revokes = "hil-tests/scenarios/revoke.slow.test";
const traffic = "scripts/cli/consent/traffic.slow.test";
const table = "cloud/consent/decide.test";

/** Issue 5: what is decided, and what may follow what. */
export const gateProofs: readonly Proof[] = [
  inFull(
    "LINTEL_REVOKES",
    withdrawals,
    "Revoke during release: 1,000 seeded interleavings over the real API: no byte served after the withdrawal committed",
    [
      {
        what: `${withdrawals} withdrawals over TCP, and as many over TLS`,
        tests: ["TCP", "TLS"].map((over) => [
          revokes,
          `whenever an owner withdraws, not one byte is served after the answer, over ${over}`,
        ]),
      },
    ],
  ),
  inFull(
    "LINTEL_WALKS",
    walks,
    "The decision table is test and document, and every state of the machines is explored, with random ways beyond",
    [
      {
        what: "the table",
        tests: [
          [table, "each case is decided as the table's lines say"],
          [table, "taking a signature away never turns a no into a release"],
        ],
      },
      {
        what: "the machines",
        tests: [
          [machines, "an agency asks only after two operators and 30 days"],
          [machines, "a request is published by a moderator of nobody's agency"],
          [machines, "a release is fetched only after a yes"],
          [orders, "an operator looks at nothing that another did not approve"],
          [orders, "a preservation is called back about, keeps for two terms at most"],
          [orders, "legal process takes two operators"],
          [orders, "a gag always ends in notice"],
          [authorisations, "an authorisation rests once all owners have signed"],
        ],
      },
    ],
  ),
  proofByTests(5, "Traffic is identical whether a household matches, ignores, refuses or has opted out", [
    {
      what: "byte for byte, and in time",
      tests: [
        [traffic, "households that match, have opted out, are far away or say nothing"],
        [traffic, "the next round begins an hour after the last one began"],
      ],
    },
  ]),
];

/** With a setting that makes the tests run in full. */
function inFull(setting: string, value: number, line: string, cases: readonly Case[]): Proof {
  const proof = proofByTests(5, line, cases);
  return {
    ...proof,
    run(context) {
      process.env[setting] = `${value}`;
      return proof.run(context);
    },
  };
}
