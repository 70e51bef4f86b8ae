import { sealedHash } from "../../../shared/release/sealedfacts.js";
import type { Fields } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { type Cloud, openCloud } from "./cloud.io.js";

/** Each look of an operator at the household's metadata, newest first: who, why, who agreed, what was seen. */
export async function memberAccesses(folder: string, terminal: Terminal): Promise<void> {
  const cloud = openCloud(folder);
  const accesses = await cloud.list("/v1/household/accesses", "accesses", (access) => ({
    ...{ id: access.text("id"), state: access.text("state"), askedAt: access.text("askedAt") },
    ...{ ticket: access.text("ticket"), scope: access.texts("scope"), salt: access.text("salt") },
    operator: access.maybe("by", (person) => person.text("id")) ?? "",
    ...{ by: nameIn(access, "by"), second: nameIn(access, "second"), reviewer: nameIn(access, "reviewer") },
    finding: access.maybeText("finding"),
    reads: access.list("reads", (read) => ({ kind: read.text("kind"), at: read.text("at") })),
  }));
  for (const access of accesses) {
    const logged = await isLogged(cloud, access);
    terminal.json({ ...access, logged });
    if (!logged)
      terminal.warn(
        `What the cloud shows of ${access.id} is not what it committed to in its public log. Ask its operators why; keep this.`,
      );
    const { askedAt, by, ticket, scope, state, reads, second, reviewer, finding } = access;
    const others = [
      ...(second === undefined ? [] : [`second: ${second}`]),
      ...(reviewer === undefined ? [] : [`reviewed by ${reviewer}: ${finding}`]),
    ];
    terminal.say([askedAt, state, `${by} for ${ticket}: ${scope.join(", ")}`, ...others].join("  "));
    for (const { kind, at } of reads) terminal.say(`  ${at}  looked at ${kind}`);
  }
  if (accesses.length === 0) terminal.say("No operator has asked for a look at your household's metadata.");
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly ticket: string;
  readonly scope: readonly (string | null)[];
  readonly operator: string;
  readonly salt: string;
}

/** Whether the public log has an entry of exactly this, by the hash that only the household can make. */
async function isLogged(cloud: Cloud, { id, state, ticket, scope, operator, salt }: Shown): Promise<boolean> {
  const { household } = cloud.profile;
  const hash = sealedHash(salt, { household, by: operator, ticket, scope: scope.join(" "), state });
  const entries = await cloud.get(`/tlog/entries?kind=operator&id=${encodeURIComponent(id)}`);
  return entries.list("entries", (entry) => entry.text("hash")).includes(hash);
}

function nameIn(access: Fields, role: string): string | undefined {
  return access.maybe(role, (person) => person.maybeText("name") ?? person.text("id"));
}
