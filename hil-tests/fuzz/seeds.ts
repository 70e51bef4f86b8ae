import { assert } from "../../shared/kernel/assert.js";
import { millis } from "../../shared/kernel/brand.js";
import { fromBase64 } from "../../shared/kernel/bytes.js";
import { unpackRelease } from "../../shared/release/unpack.js";
import { nativeHashOf } from "../../shared/seal/native.io.js";
import type { LogPolicy } from "../../shared/tlog/checkpoint.js";
import { parsePolicy } from "../../shared/tlog/policy.js";
import { vectors } from "../../shared/vectors/vectors.contract.js";

// A whole release package, the same on every machine: its clip, notes and proofs are seeds for their parsers.

const { tar, policy, now } = vectors<{ tar: string; policy: string; now: number }>("releasepackage");
const bytes = fromBase64(tar);
assert(bytes.ok, "the package's vector is no base64");
const unpacked = unpackRelease(bytes.value, nativeHashOf);
const believed = parsePolicy(policy);
const log = believed.ok ? believed.value.logs[0] : undefined;
assert(unpacked.ok && believed.ok && log !== undefined, "the package's vector does not hold");

export const packageTar = bytes.value;
export const packageParts = unpacked.value.parts;
export const packageNow = millis(now);
export const logPolicyText = policy;
export const logPolicy: LogPolicy = {
  log,
  witnesses: believed.value.witnesses.map(({ key }) => key),
  quorum: believed.value.quorum,
};
const [clip] = packageParts.clips;
assert(clip !== undefined, "the package's vector has no clip");
export const packedClip = clip;
