import { readFile } from "node:fs/promises";
import { parsePolicy, type WitnessPolicy } from "../../shared/tlog/policy.js";
import { SettingFault } from "../startup.js";

/** The witnesses that an operator named. Throws `SettingFault` where the file does not say whom to ask, where, and how many. */
export async function readWitnesses(file: string): Promise<WitnessPolicy> {
  const fault = (why: string): SettingFault => new SettingFault(`LINTEL_WITNESSES is ${file}, but ${why}.`);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw fault(`it cannot be read (${error.code}). Name a file that is there`);
  });
  const policy = parsePolicy(text);
  if (!policy.ok) {
    const { line, why } = policy.error;
    throw fault(`${line === 0 ? "" : `in line ${line} `}${why}. It must be a policy as in C2SP tlog-policy`);
  }
  if (policy.value.quorum === 0) throw fault("its quorum is none. Take the setting away, or name a quorum");
  const homeless = policy.value.witnesses.find(({ url }) => url === undefined || !/^https?:\/\//.test(url));
  if (homeless !== undefined)
    throw fault(`it does not say at which http(s) address ${homeless.key.name} is asked`);
  return policy.value;
}
