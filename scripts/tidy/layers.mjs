// Who imports whom, against .dependency-cruiser.mjs. The tool exits 0 when it sees nothing at all (a TypeScript it
// does not know is enough), so the number of our own modules it saw is asserted too.

import { pathToFileURL } from "node:url";
import { cruise } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";

const folders = process.argv.slice(2);
const { default: rules } = await import(pathToFileURL(".dependency-cruiser.mjs").href);
const { forbidden, options } = rules;
const { output } = await cruise(
  folders,
  { ...options, ruleSet: { forbidden }, validate: true },
  {},
  { tsConfig: extractTSConfig(options.tsConfig.fileName) },
);

const own = output.modules.filter(({ source }) => folders.some((folder) => source.startsWith(`${folder}/`)));
const refused = output.summary.violations;
for (const { rule, from, to, cycle } of refused) {
  console.log(`${rule.name}: ${from} → ${cycle?.map(({ name }) => name).join(" → ") ?? to}`);
}
console.log(`${own.length} modules checked, ${refused.length} forbidden imports`);
process.exitCode = own.length > 0 && refused.length === 0 ? 0 : 1;
