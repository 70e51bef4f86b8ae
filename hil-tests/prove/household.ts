import { proofByTests } from "./bytests.js";
import { proveByBench } from "./journey.js";
import type { Proof } from "./proof.js";

const access = "cloud/api/access.slow.test";
const crossing = "cloud/api/crossing.slow.test";

/** Issue 4: who gets in, and what they see. */
export const householdProofs: readonly Proof[] = [
  proofByTests(
    4,
    '10,000 login attempts: throttled, 0 sessions; every route without, with another household\'s, with a guest\'s, with an expired and with a revoked token: right status, nothing leaked, identical bodies for "not yours" and "not there"',
    [
      { what: "10,000 attempts", tests: [["cloud/api/throttle.slow.test", "10,000 attempts: throttled"]] },
      {
        what: "every route",
        tests: [
          [access, "the list of routes here is the list of routes that ask for a token"],
          [access, "without a token every member's route is refused"],
          [access, "an expired token, another cloud's token and no token at all get the same answer"],
          [access, "every route refuses a revoked session, a removed member"],
          [access, "every route answers another household's owner as if nothing were there"],
          [access, "what is another household's and what does not exist get byte-equal answers"],
        ],
      },
    ],
  ),
  proofByTests(
    4,
    "Two households, 10,000 clips: no API call, event, webhook or push crosses; property-tested",
    [
      {
        what: "API calls",
        tests: [
          [crossing, "random calls of random members over every route"],
          [crossing, "pages count the household's own clips"],
          [crossing, "all sessions ended at once are the member's own"],
        ],
      },
      { what: "events and webhooks", tests: [[crossing, "of presses and clips that arrive at both doors"]] },
    ],
  ),
  {
    issue: 4,
    line: 'API: 95th percentile of "list clips" within 3× of a bare Fastify route that sends the same body behind the same authentication, 50 connections, 100,000 clips stored',
    run: (context) => proveByBench(context, "api"),
  },
];
