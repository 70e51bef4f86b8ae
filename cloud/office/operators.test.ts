import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t as tap, test } from "tap";
import { officeKeys, publicOfficeKeys } from "../../shared/release/officekeys.js";
import { formatOperator, parseOperators } from "../../shared/release/operators.js";
import { systemRandom } from "../system.io.js";
import { readOperators } from "./operators.io.js";

const folder = await mkdtemp(join(tmpdir(), "lintel-operators-"));
tap.teardown(() => rm(folder, { recursive: true }));
const path = join(folder, "operators");

const newOperator = (name: string) => ({ ...publicOfficeKeys(officeKeys(systemRandom.bytes(32))), name });
const [olga, omar] = [newOperator("Olga"), newOperator("Omar van Dyk")];
const both = `# who hosts this cloud\n${formatOperator(olga)}\n\n${formatOperator(omar)}\n`;

test("a file that is not one of at least two whole, distinct operators is refused with every fault", (t) => {
  const swapped = { ...olga, id: omar.id };
  const refusals = [
    ["", /names 0 operator\(s\), but must name 2 to 64/],
    [formatOperator(olga), /names 1 operator/],
    [`${both}x\ny z\n`, /Line 5 .*\n?.*Line 6 /s],
    [`${both}${formatOperator(olga)}`, /A key stands in it twice/],
    [`${both}${formatOperator(swapped)}`, /Line 5 is not the whole line/],
    [`${both}${formatOperator({ ...newOperator("Eve"), loginKey: olga.loginKey })}`, /twice/],
    [`${both}${formatOperator(newOperator(" Eve"))}`, /Line 5/],
  ] as const;
  for (const [text, why] of refusals) {
    const operators = parseOperators(text);
    t.match(operators.ok ? "taken" : operators.error.join(" "), why);
  }
  t.same(parseOperators(both), { ok: true, value: [olga, omar] });
  t.end();
});

test("a cloud does not start on operators that it cannot be sure of", async (t) => {
  t.same(await readOperators(undefined), [], "there is no operator by default");
  await t.rejects(readOperators(path), { message: /LINTEL_OPERATORS is .*cannot be read \(ENOENT\)/ });
  await writeFile(path, both);
  await chmod(path, 0o666);
  await t.rejects(readOperators(path), { message: /others may write it.*chmod go-w/ });
  await chmod(path, 0o644);
  t.same(await readOperators(path), [olga, omar]);
  await writeFile(path, "x\n");
  await t.rejects(readOperators(path), { message: /but Line 1 is not the whole line/ });
});
