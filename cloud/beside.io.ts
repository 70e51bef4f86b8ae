import type { CompiledQuery, Kysely } from "kysely";

/** What is to be written in the transaction that makes something: after a power cut there are both or neither. */
export type Beside<Made> = (made: Made) => readonly CompiledQuery[];

/** Carries it out; `tx` is the transaction in which `made` was stored. */
export async function writeBeside<Made>(
  tx: Pick<Kysely<unknown>, "executeQuery">,
  beside: Beside<Made> | undefined,
  made: Made,
): Promise<void> {
  for (const query of beside?.(made) ?? []) await tx.executeQuery(query);
}
