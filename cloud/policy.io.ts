import { readFile } from "node:fs/promises";
import { floor, floorPolicy, type Policy, type PolicyRefusal, readPolicy } from "../shared/release/floor.js";
import { SettingFault } from "./startup.js";

/** The rules for releases: the floor, or the tighter ones of the file that `LINTEL_POLICY` names. Throws a `SettingFault` for a looser one. */
export async function readPolicyFile(path: string | undefined): Promise<Policy> {
  if (path === undefined) return floorPolicy;
  const refuse = (why: string): never => {
    throw new SettingFault(`LINTEL_POLICY is ${path}, but ${why}`);
  };
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) =>
    refuse(`it cannot be read (${error.code}).`),
  );
  const policy = readPolicy(objectIn(text) ?? refuse("it is no JSON object of rules by name."));
  return policy.ok ? policy.value : refuse(sentenceOf(policy.error));
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function sentenceOf(refusal: PolicyRefusal): string {
  switch (refusal.kind) {
    case "unknown-rule":
      return `there is no rule "${refusal.rule}". Rules: ${Object.keys(floor).join(", ")}.`;
    case "not-a-number":
      return `its "${refusal.rule}" is no whole number.`;
    case "looser-than-the-floor": {
      const bound = floor[refusal.rule].is === "most" ? "at most" : "at least";
      return `its "${refusal.rule}" must be ${bound} ${refusal.floor} (${floor[refusal.rule].unit}): a policy may tighten, never loosen.`;
    }
  }
}
