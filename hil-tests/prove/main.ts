// npm run prove [-- words]: shows every Show line of the issues (or those that contain the words) at its full count
// and writes one evidence file, .build/evidence.json, readable as .build/evidence.md.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { boardProofs } from "./board.js";
import { coverageProofs } from "./coverage.js";
import { eyeProofs } from "./eye.js";
import { fuzzProofs } from "./fuzz.js";
import { gateProofs } from "./gate.js";
import { groundProofs } from "./ground.js";
import { householdProofs } from "./household.js";
import { installerProofs } from "./installer.js";
import { journeyProofs } from "./journey.js";
import { logProofs } from "./log.js";
import { packageProofs } from "./package.js";
import { type Outcome, type Proof, proofContext } from "./proof.js";
import { rigProofs } from "./rig.js";
import { simProofs } from "./sim.js";

/** A stage adds its list here. */
const proofs: readonly Proof[] = [
  ...groundProofs,
  ...journeyProofs,
  ...eyeProofs,
  ...householdProofs,
  ...installerProofs,
  ...logProofs,
  ...packageProofs,
  ...gateProofs,
  ...fuzzProofs,
  ...rigProofs,
  ...simProofs,
  ...coverageProofs,
  ...boardProofs,
];

interface Shown extends Outcome {
  readonly issue: number;
  readonly line: string;
  readonly seconds: number;
}

const root = fileURLToPath(new URL("../../..", import.meta.url)); // from .build/hil-tests/prove/
if (process.argv.some((word) => ["--help", "-h"].includes(word))) {
  process.stdout.write(`npm run prove [-- WORDS]: shows the promised figures at their full count, hours of them, or those lines that
contain WORDS, and writes .build/evidence.json and .build/evidence.md.

${proofs.map(({ issue, line }) => `  issue ${issue}: ${line}\n`).join("")}
Exit code: 0 all of them shown, 1 one not shown, or none has such words.
`);
  process.exit();
}
const words = process.argv.slice(2).join(" ");
const chosen = proofs.filter(({ line }) => line.includes(words));

/** As it was when the first proof began: people may go on working meanwhile. */
const ground = groundNow();
const shown: Shown[] = [];
for (const proof of chosen) {
  process.stdout.write(`issue ${proof.issue}: ${proof.line}\n`);
  const result = await show(proof);
  shown.push(result);
  process.stdout.write(`  ${result.ok ? "shown" : "NOT SHOWN"}: ${facts(result)}\n`);
  writeEvidence();
}
process.stdout.write(
  shown.length > 0
    ? "evidence: .build/evidence.md and .build/evidence.json\n"
    : `No line contains "${words}"; --help lists them.\n`,
);
process.exitCode = shown.length > 0 && shown.every(({ ok }) => ok) ? 0 : 1;

/** A proof that throws has shown nothing; the others still run. */
async function show(proof: Proof): Promise<Shown> {
  const started = performance.now();
  const outcome = await proof
    .run(proofContext(root))
    .catch((error: unknown): Outcome => ({ ok: false, figures: {}, note: String(error) }));
  return { issue: proof.issue, line: proof.line, seconds: (performance.now() - started) / 1000, ...outcome };
}

function facts({ figures, note }: Shown): string {
  const written = Object.entries(figures).map(
    ([name, value]) => `${name} ${typeof value === "number" ? Number(value.toPrecision(4)) : value}`,
  );
  return [...written, note].filter((part) => part !== "").join(", ");
}

function groundNow() {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" });
  return {
    at: new Date().toISOString(),
    commit: git("rev-parse", "HEAD").trim(),
    uncommittedChanges: git("status", "--porcelain") !== "",
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    lines: words === "" ? "all" : `those with "${words}"`,
  };
}

/** After each proof: hours must not be lost with the last one. */
function writeEvidence(): void {
  const made = { ...ground, ran: `${shown.length} of ${chosen.length}` };
  writeFileSync(
    join(root, ".build/evidence.json"),
    `${JSON.stringify({ ...ground, chosen: chosen.length, shown }, null, 2)}\n`,
  );
  const rows = shown.map(
    (one) => `| ${one.issue} | ${one.ok ? "yes" : "**no**"} | ${one.line} | ${facts(one)} |`,
  );
  const head = Object.entries(made).map(([name, value]) => `- ${name}: ${value}`);
  const table = ["| Issue | Shown | Line | Figures |", "|---|---|---|---|", ...rows];
  writeFileSync(
    join(root, ".build/evidence.md"),
    `${["# Evidence", "", ...head, "", ...table].join("\n")}\n`,
  );
}
