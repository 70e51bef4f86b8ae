import { parseRequest } from "../../../shared/release/request.js";
import { textOf } from "../../../shared/seal/note.js";
import { formatEntry } from "../../../shared/tlog/entry.js";
import { verifyProof } from "../../../shared/tlog/proof.js";
import type { Fields } from "../fields.js";
import { Problem, type Server } from "../http.io.js";
import { type LogOptions, unlessAway } from "../log/audit.io.js";
import { openMemory } from "../log/memory.io.js";
import { logSite } from "../log/site.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type Claimed, crossCheck } from "./crosscheck.io.js";
import { documentsOf } from "./lines.io.js";

// The public record of a cloud, for anybody: no profile, no login.

/** Every request there ever was, newest first. */
export async function recordRequests(server: Server, terminal: Terminal): Promise<void> {
  for await (const request of documentsOf(server, "/public/v1/requests.jsonl")) {
    const [id, agency, state] = [request.text("id"), request.text("agency"), request.text("state")];
    const asked = parseRequest(textOf(request.text("note")));
    const about = asked.ok ? { file: asked.value.file, category: asked.value.category } : {};
    const steps = stepsOf(request);
    terminal.json({ id, agency, state, ...about, steps });
    const words = [id, state, `agency ${agency}`, about.file ?? "", about.category ?? ""];
    terminal.say(words.join("  "));
    for (const { kind, at, index } of steps) terminal.say(`    ${at}  ${kind}  ${placeOf(index)}`);
  }
}

/** Every agency that ever applied. */
export async function recordAgencies(server: Server, terminal: Terminal): Promise<void> {
  for await (const agency of documentsOf(server, "/public/v1/agencies.jsonl")) {
    const [id, name, state] = [agency.text("id"), agency.text("name"), agency.text("state")];
    const steps = stepsOf(agency);
    const why = agency.maybeText("why");
    terminal.json({ id, name, state, why, agreements: agency.texts("agreements").length, steps });
    terminal.say(`${id}  ${state}${why === undefined ? "" : ` (${why})`}  ${name}`);
    for (const { kind, at, index } of steps) terminal.say(`    ${at}  ${kind}  ${placeOf(index)}`);
  }
}

/** A year of the log: what it says happened, each line with its index. */
export async function recordReport(server: Server, year: number, terminal: Terminal): Promise<void> {
  const totals = new Map<string, number>();
  for await (const line of documentsOf(server, `/public/v1/report?year=${year}`)) {
    const index = line.maybeNumber("index");
    if (index === undefined) continue;
    const [kind, id, agency] = [line.text("kind"), line.text("id"), line.text("agency")];
    const [state, at] = [line.text("state"), line.text("at")];
    totals.set(`${kind} ${state}`, (totals.get(`${kind} ${state}`) ?? 0) + 1);
    terminal.json({ index, kind, id, agency, state, at });
    terminal.say(`${index}  ${at}  ${kind}  ${state}  ${id}${agency === "none" ? "" : `  agency ${agency}`}`);
  }
  terminal.json({ year, totals: Object.fromEntries(totals) });
  terminal.say(`${year}, as the public log has it:`);
  for (const [what, count] of totals) terminal.say(`  ${count}  ${what}`);
  if (totals.size === 0) terminal.say("  nothing");
  terminal.warn(
    "A batch of releases says in a bucket how much became of releases that day, never how much exactly.",
  );
}

/** Whether each step that the record shows stands in the log, by the log's own proofs. */
export async function recordCheck({ server, policy, state }: LogOptions, terminal: Terminal): Promise<void> {
  await unlessAway(terminal, async () => {
    const site = logSite(server);
    const memory = await openMemory(site, state, policy);
    const proven = async ({ index, entries }: Claimed): Promise<boolean> => {
      terminal.progress(`entry ${index}`);
      const proof = await site.proof(index).catch(noneThere);
      return entries.some((entry) => verifyProof(proof, formatEntry(entry), memory.policy).ok);
    };
    const { steps, documents, faults } = await crossCheck(server, proven);
    for (const fault of faults) terminal.warn(fault);
    terminal.json({ steps, documents, faults });
    if (faults.length > 0)
      throw new Refused(`The public record is not what the log says, in ${faults.length} of ${steps} steps.`);
    terminal.say(
      `Requests and agencies: ${documents}. Each of their steps (${steps}) stands in the log as shown.`,
    );
    if (!memory.isPinned)
      terminal.warn("The log itself named its key and witnesses. Name whom you believe: --policy FILE.");
  });
}

/** What is not there proves nothing. */
function noneThere(error: unknown): string {
  if (error instanceof Problem && error.status === 404) return "";
  throw error;
}

function stepsOf(document: Fields) {
  return document.list("steps", (step) => ({
    ...{ kind: step.text("kind"), at: step.text("at"), index: step.maybeNumber("index") },
  }));
}

const placeOf = (index: number | undefined): string => (index === undefined ? "not logged" : `log ${index}`);
