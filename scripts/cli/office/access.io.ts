import { type Fields, fieldsOf } from "../fields.js";
import type { Terminal } from "../terminal.io.js";
import { openOfficeCloud } from "./cloud.io.js";

const path = "/operator/v1/accesses";

export interface AccessWish {
  readonly household: string;
  readonly ticket: string;
  readonly scope: readonly string[];
  readonly minutes: number;
}

/** Asks for a look at a household's metadata. */
export async function accessRequest(folder: string, wish: AccessWish, terminal: Terminal): Promise<void> {
  const { household, ticket, scope, minutes } = wish;
  const body = { household, ticket, scope, minutes };
  const cloud = openOfficeCloud(folder, "operator");
  const made = fieldsOf(await cloud.call({ method: "POST", path, body }), path);
  show(made, terminal);
  terminal.say(`Another operator answers: lintel operator access approve ${made.text("id")}`);
}

export async function accessList(folder: string, terminal: Terminal): Promise<void> {
  const answer = await openOfficeCloud(folder, "operator").get(`${path}?limit=200`);
  if (answer.list("accesses", (access) => show(access, terminal)).length === 0)
    terminal.say("Nobody has asked for a look at anything yet.");
}

/** `approve` and `refuse` are another operator's; `end` is anybody's; `review` another's, once it is over. */
export type AccessStep =
  | { readonly act: "approve" | "refuse" | "end" }
  | { readonly act: "review"; readonly finding: string };

export async function accessStep(
  folder: string,
  id: string,
  step: AccessStep,
  terminal: Terminal,
): Promise<void> {
  const [where, body] =
    step.act === "review"
      ? (["review", { finding: step.finding }] as const)
      : step.act === "end"
        ? (["end", undefined] as const)
        : (["answer", { answer: step.act }] as const);
  const wanted = { method: "POST", path: `${path}/${encodeURIComponent(id)}/${where}` } as const;
  const answer = await openOfficeCloud(folder, "operator").call({ ...wanted, ...(body && { body }) });
  show(fieldsOf(answer, wanted.path), terminal);
}

/** Shows one kind of what an active access covers. */
export async function accessRead(
  folder: string,
  id: string,
  kind: string,
  terminal: Terminal,
): Promise<void> {
  const wanted = `${path}/${encodeURIComponent(id)}/metadata/${encodeURIComponent(kind)}`;
  const seen = await openOfficeCloud(folder, "operator").call({ method: "GET", path: wanted });
  terminal.json(seen ?? {});
  terminal.say(JSON.stringify(seen, undefined, 2));
}

function show(access: Fields, terminal: Terminal): void {
  const [id, state, household] = [access.text("id"), access.text("state"), access.text("household")];
  const [ticket, scope] = [access.text("ticket"), access.texts("scope").join(",")];
  const by = nameIn(access, "by");
  const until = access.maybeText("until");
  terminal.json({ id, state, household, ticket, scope, by, until });
  terminal.say(
    `${id}  ${state}  household ${household}  ${scope}  ${ticket}  ${by}${until === undefined ? "" : `  until ${until}`}`,
  );
}

function nameIn(access: Fields, role: string): string | undefined {
  return access.maybe(role, (person) => person.maybeText("name") ?? person.text("id"));
}
