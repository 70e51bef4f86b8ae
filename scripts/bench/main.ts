// npm run bench -- <name> [arguments]: runs scripts/bench/<name>.ts, which exports `bench(args)`.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Bench {
  bench(args: readonly string[]): Promise<void>;
}

const helpers = ["main", "paired"];
const [name = "", ...args] = process.argv.slice(2);
const file = new URL(`./${name}.js`, import.meta.url);
const known = readdirSync(fileURLToPath(new URL(".", import.meta.url)))
  .filter((path) => path.endsWith(".js") && !path.endsWith(".test.js"))
  .map((path) => path.replace(/\.js$/, ""))
  .filter((path) => !helpers.includes(path));

const usage = `npm run bench -- NAME [arguments]: measures one thing against a named rival or limit in the same run.

There are: ${known.join(", ")}.
Arguments are the bench's own; the head of scripts/bench/NAME.ts says them. Exit code: 0 measured, 1 failed,
2 used wrongly.
`;

if (known.includes(name) && !args.includes("--help")) {
  const { bench }: Bench = await import(file.href);
  try {
    await bench(args);
  } catch (cause) {
    process.stderr.write(`${name}: ${cause instanceof Error ? cause.message : cause}\n`);
    process.exitCode = 1;
  }
} else if (process.argv.some((word) => ["--help", "-h"].includes(word))) {
  process.stdout.write(usage);
} else {
  process.stderr.write(usage);
  process.exitCode = 2;
}
