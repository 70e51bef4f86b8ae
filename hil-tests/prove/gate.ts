import { proofByTests } from "./bytests.js";
import type { Proof } from "./proof.js";

const withdrawals = 1_000;
const machines = "hil-tests/scenarios/machines.slow.test";
const revokes = "hil-tests/scenarios/revoke.slow.test";
const table = "cloud/consent/decide.test";

const revoke = proofByTests(
  5,
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
);

/** Issue 5: what is decided, and what may follow what. */
export const gateProofs: readonly Proof[] = [
  {
    ...revoke,
    run(context) {
      process.env.LINTEL_REVOKES = `${withdrawals}`;
      return revoke.run(context);
    },
  },
  proofByTests(
    5,
    "The decision table is test and document, and every state of agency, request and release is explored",
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
        ],
      },
    ],
  ),
];
