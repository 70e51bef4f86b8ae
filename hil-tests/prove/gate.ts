import { type Case, proofByTests } from "./bytests.js";
import type { Proof } from "./proof.js";

const withdrawals = 1_000;
const walks = 1_000;
const machines = "hil-tests/scenarios/machines.slow.test";
const orders = "hil-tests/scenarios/orders.slow.test";
const pressure = "hil-tests/scenarios/pressure.slow.test";
const authorisations = "hil-tests/scenarios/authorisations.slow.test";
const revokes = "hil-tests/scenarios/revoke.slow.test";
const traffic = "scripts/cli/consent/traffic.slow.test";
const table = "cloud/consent/decide.test";
const emergencies = "hil-tests/scenarios/emergencies.slow.test";
const contacts = "cloud/api/contacts.slow.test";
const contactsWays = "hil-tests/scenarios/emergencycontacts.slow.test";
const history = "cloud/api/emergencies.slow.test";
const year = "hil-tests/scenarios/year.test";
const neverExist = "scripts/tidy/mustnotexist.test";
const collusion = "hil-tests/scenarios/collusion.slow.test";

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
          [pressure, "no report is upheld or not by one operator"],
          [pressure, "what is upheld costs an agency one step a round"],
          [authorisations, "an authorisation rests once all owners have signed"],
          [emergencies, "an emergency is asked by two and two"],
          [emergencies, "whose emergency no court confirmed is on probation"],
          [contactsWays, "two contacts hand over in their time alone"],
        ],
      },
    ],
  ),
  proofByTests(
    5,
    "Replays of history: eleven emergencies, a year of 22,000 requests, the whole-account warrant, the bulk private message and the map, the opted-out owner after a feature rename",
    [
      {
        what: "eleven emergencies: none released without owner or contacts",
        tests: [
          [history, "eleven emergencies that nobody answers"],
          [contacts, "of eleven emergencies those alone are released"],
        ],
      },
      {
        what: "a year of requests",
        tests: [
          [year, "of the market's busiest year few requests pass the rules"],
          [year, "whatever an owner considers, the file that their machine writes has one length"],
        ],
      },
      {
        what: "the whole-account warrant: one camera and one window",
        tests: [["cloud/api/processes.slow.test", "the whole-account warrant comes out as one camera"]],
      },
      {
        what: "the bulk private message and the map: nothing can express them",
        tests: [
          [neverExist, "nothing that must never exist is in the API or the database"],
          [neverExist, "each thing that must never exist is found where somebody plants it"],
        ],
      },
      {
        what: "the opted-out owner",
        tests: [["scripts/cli/consent/state.test", "an owner who opted out stays so"]],
      },
    ],
  ),
  proofByTests(
    5,
    "An agency, an operator, the database and the vault colluding obtain no readable clip, and nobody believes what they forge",
    [
      {
        what: "they open nothing",
        tests: [[collusion, "with all that they hold together they open no recording"]],
      },
      {
        what: "they deceive nobody",
        tests: [
          [collusion, "an owner's client believes no agency of their making"],
          [collusion, "an owner's client believes a request only as its agency's people signed it"],
          [collusion, "no camera and no owner follows a charter"],
          [collusion, "no package verifies whose authorisation"],
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
        [traffic, "what an owner then looks at, and signs for, shows in no request for a recording"],
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
