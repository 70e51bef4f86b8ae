import type { Fields } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { openCloud } from "./cloud.io.js";

/** Each look of an operator at the household's metadata, newest first: who, why, who agreed, what was seen. */
export async function memberAccesses(folder: string, terminal: Terminal): Promise<void> {
  const accesses = await openCloud(folder).list("/v1/household/accesses", "accesses", (access) => ({
    ...{ id: access.text("id"), state: access.text("state"), askedAt: access.text("askedAt") },
    ...{ ticket: access.text("ticket"), scope: access.texts("scope") },
    ...{ by: nameIn(access, "by"), second: nameIn(access, "second"), reviewer: nameIn(access, "reviewer") },
    finding: access.maybeText("finding"),
    reads: access.list("reads", (read) => ({ kind: read.text("kind"), at: read.text("at") })),
  }));
  for (const access of accesses) {
    terminal.json(access);
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

function nameIn(access: Fields, role: string): string | undefined {
  return access.maybe(role, (person) => person.maybeText("name") ?? person.text("id"));
}
