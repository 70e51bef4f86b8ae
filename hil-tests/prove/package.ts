import { proofByTests } from "./bytests.js";
import { proveByBench } from "./journey.js";
import type { Proof } from "./proof.js";

const fast = "shared/release/package.test";
const slow = "shared/release/package.slow.test";
const slices = "shared/release/slice.test";
const bare = "hil-tests/scenarios/package.slow.test";

/** Issue 5: what an agency holds. */
export const packageProofs: readonly Proof[] = [
  proofByTests(
    5,
    "Package: lintel verify works offline on a bare machine and refuses every tampering that sealing.md names",
    [
      {
        what: "offline",
        tests: [
          [bare, "a sealed package opens with stock age"],
          [bare, "a damaged package, a wrong policy"],
          [fast, "a package verifies offline to its last byte"],
          [slow, "by hand, with openssl and sha256sum"],
          ["shared/release/vectors.test", "the golden package verifies for ever"],
        ],
      },
      {
        what: "a flipped bit",
        tests: [
          [slow, "any flipped bit of any file, header and padding"],
          [slow, "any bit that a forger flips in any file"],
        ],
      },
      {
        what: "swap, repeat, extra box, another camera, an edited manifest",
        tests: [
          [slices, "whatever is changed in a slice is refused"],
          [fast, "a forger who makes the sums fit is refused"],
          [slow, "two clips of one release cannot take each other's place"],
        ],
      },
      {
        what: "a missing proof",
        tests: [
          [fast, "a file too many, too few"],
          [slow, "the public log must have had everything in its time"],
        ],
      },
    ],
  ),
  proofByTests(
    5,
    "A forged agency, officer, request, authorisation and charter version are each refused with its reason",
    [
      {
        what: "in a package",
        tests: [
          [slow, "what was authorised for another request, recipient, agency or clip"],
          [slow, "the charters of then and now must have whose signatures"],
          [slow, "new people of an agency count as its two after 30 days"],
          ["scripts/cli/verify/verify.test", "every reason not to believe a package has a sentence"],
        ],
      },
      {
        what: "by themselves",
        tests: [
          ["shared/release/vectors.test", "agreements, requests and authorisations open as the vectors say"],
        ],
      },
    ],
  ),
  {
    issue: 5,
    line: "The gate's own cost: a decision over a charter with 6 members and 20 clips in under 1 ms of CPU; release of a 10 MB clip within 1.3× of decrypting, hashing and encrypting it with the same library",
    run: (context) => proveByBench(context, "release"),
  },
];
