import { readFileSync, statSync } from "node:fs";
import { fromUtf8 } from "../../../shared/kernel/bytes.js";
import type { Clock } from "../../../shared/kernel/ports.js";
import { verifyPackage } from "../../../shared/release/verify.js";
import { nativeHashOf } from "../../../shared/seal/native.io.js";
import type { LogPolicy } from "../../../shared/tlog/checkpoint.js";
import { parsePolicy } from "../../../shared/tlog/policy.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { systemClock } from "../world.io.js";
import { reportJson, reportLines } from "./report.js";
import { verifySentence } from "./sentences.js";

/** A package is read whole: twenty clips of a minute at 6 Mbit/s. */
const packageBytesMax = 1024 ** 3;
const policyBytesMax = 64 * 1024;

export interface VerifyFlags {
  readonly policy?: string;
}

/** Verifies a release package offline: needs no profile, no cloud and no network. */
export function verifyFile(
  path: string,
  { policy }: VerifyFlags,
  terminal: Terminal,
  clock: Clock = systemClock,
): void {
  const tar = readWhole(path, packageBytesMax);
  const head = fromUtf8(tar.subarray(0, 22));
  if (head.ok && head.value === "age-encryption.org/v1\n")
    throw new Refused(
      `${path} is still sealed. Open it with the request's private key: age -d -i key.txt ${path} > package.tar`,
    );
  const believed = policy === undefined ? undefined : readPolicy(policy);
  const verified = verifyPackage(tar, { policy: believed, now: clock.wall(), hash: nativeHashOf });
  if (!verified.ok) {
    const sentence = verifySentence(verified.error);
    terminal.json({ verified: false, refusal: verified.error.kind, why: sentence });
    throw new Refused(`${path} does not verify. ${sentence} Believe nothing in it.`);
  }
  terminal.json(reportJson(verified.value));
  for (const line of reportLines(verified.value)) terminal.say(line);
}

export function readPolicy(path: string): LogPolicy {
  const text = fromUtf8(readWhole(path, policyBytesMax));
  const policy = text.ok ? parsePolicy(text.value) : undefined;
  if (policy === undefined) throw new Refused(`${path} is no policy: it is no text.`);
  if (!policy.ok) throw new Refused(`${path} is no policy (line ${policy.error.line}: ${policy.error.why}).`);
  const { logs, witnesses, quorum } = policy.value;
  const [log] = logs;
  if (log === undefined || logs.length > 1)
    throw new Refused(`${path} names ${logs.length} logs. Give one that names just the log of this package.`);
  return { log, witnesses: witnesses.map(({ key }) => key), quorum };
}

function readWhole(path: string, bytesMax: number): Uint8Array {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Refused(`There is no file ${path}.`);
  if (!found.isFile())
    throw new Refused(
      `${path} is no file. Give the package as it was fetched, a tar: lintel verify package.tar`,
    );
  const { size } = found;
  if (size > bytesMax) throw new Refused(`${path} has ${size} bytes, and ${bytesMax} are the most.`);
  return readFileSync(path);
}
