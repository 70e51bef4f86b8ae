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

if (known.includes(name)) {
  const { bench }: Bench = await import(file.href);
  await bench(args);
} else {
  process.stderr.write(
    `usage: npm run bench -- <name> [arguments]; there are: ${known.join(", ") || "none yet"}\n`,
  );
  process.exitCode = 2;
}
