import { spawn } from "node:child_process";

/** One Show line of an issue, and how to show it at its full count. */
export interface Proof {
  readonly issue: number;
  /** The line as the issue has it, so that the evidence can be read beside it. */
  readonly line: string;
  run(context: ProofContext): Promise<Outcome>;
}

export interface Outcome {
  readonly ok: boolean;
  /** What was measured, each key with its unit: `{ seconds: 41.2 }`. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** What a reader must know beside the figures; empty when nothing. */
  readonly note: string;
}

export interface ProofContext {
  /** The project's folder; programs run in it. */
  readonly root: string;
  /** Runs a program to its end and hands back what it printed; stopped after `secondsMax`. */
  command(program: string, args: readonly string[], secondsMax: number): Promise<CommandEnd>;
  /** Tells whoever waits how far a long proof is. */
  progress(line: string): void;
}

export interface CommandEnd {
  readonly status: number | undefined;
  readonly output: string;
  readonly seconds: number;
}

export function proofContext(root: string): ProofContext {
  return {
    root,
    command: (program, args, secondsMax) => command({ root, program, args, secondsMax }),
    progress: (line) => process.stdout.write(`  ${line}\n`),
  };
}

interface Command {
  readonly root: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly secondsMax: number;
}

function command({ root, program, args, secondsMax }: Command): Promise<CommandEnd> {
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TAP_TIMEOUT: `${secondsMax}` },
    timeout: secondsMax * 1000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) =>
      done({ status: code ?? undefined, output, seconds: (performance.now() - started) / 1000 }),
    );
  });
}
