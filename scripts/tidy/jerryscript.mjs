// What is in the camera's core, against what JerryScript 3.0.0 lacks or does otherwise, as far as the compiler's ES2021
// (firmware/tsconfig.core.json) lets it through. The bundler says which files are in the core, so none escapes.
import { readFileSync } from "node:fs";
import ts from "typescript";
import { bundleCore } from "../core.mjs";

/** The engine with a heap of 512 KB could not take twice as much in. */
const bundleBytesMax = 181 * 1024;
const textBytesMax = 64 * 1024;
const argumentsMax = 255;

const globals = {
  Math: "Name the function: Math.abs(…).",
  Date: "Time is injected.",
  Intl: "JerryScript has no Intl.",
  FinalizationRegistry: "JerryScript has no FinalizationRegistry.",
  eval: "JerryScript may be built without its parser.",
  Function: "JerryScript may be built without its parser.",
  ...collections(["Map", "Set", "WeakMap", "WeakSet"]),
};

function collections(names) {
  const why = "searches one by one and never gives deleted slots back: use an array or an object.";
  return Object.fromEntries(names.map((name) => [name, `JerryScript's ${name} ${why}`]));
}

/** Their results differ in digits, or they are not there. */
const methods = {
  toFixed: "JerryScript rounds toFixed otherwise: write integers.",
  toPrecision: "JerryScript rounds toPrecision otherwise: write integers.",
  toExponential: "JerryScript rounds toExponential otherwise: write integers.",
  normalize: "JerryScript has no normalize.",
  localeCompare: "There are no locales: compare with <.",
  toLocaleString: "There are no locales: write it by hand.",
};

const exactMath = "abs ceil clz32 floor imul max min round sign sqrt trunc".split(" ");

/** What is wrong with one node, else undefined. */
function fault(node) {
  if (ts.isPrivateIdentifier(node))
    return "JerryScript makes WeakMaps of #private: use TypeScript's private.";
  if (ts.isClassStaticBlockDeclaration(node)) return "JerryScript misreads what follows a static block.";
  if (ts.isRegularExpressionLiteral(node)) return patternFault(node.text);
  if (ts.isDeleteExpression(node) && node.expression.flags & ts.NodeFlags.OptionalChain)
    return "JerryScript deletes nothing by delete a?.b.";
  if (ts.isIdentifier(node)) return nameFault(node);
  if (ts.isStringLiteralLike(node) && Buffer.byteLength(node.text) > textBytesMax)
    return `JerryScript takes no text above ${textBytesMax} bytes.`;
  const many = (node.arguments ?? node.parameters ?? []).length > argumentsMax;
  return many ? `JerryScript takes at most ${argumentsMax} arguments.` : undefined;
}

function patternFault(text) {
  const flags = text.slice(text.lastIndexOf("/") + 1);
  if (/\(\?<|\\k</.test(text)) return "JerryScript has no named groups and no lookbehind.";
  if (/\\p\{/i.test(text)) return "JerryScript has no \\p{…}.";
  return /[dv]/.test(flags) ? "JerryScript has no flags d and v." : undefined;
}

function nameFault(node) {
  const { text, parent } = node;
  if (!ts.isPropertyAccessExpression(parent)) return entryOf(globals, text);
  const { name, expression } = parent;
  if (name !== node) return text === "Math" ? undefined : entryOf(globals, text);
  if (expression.getText() !== "Math") return entryOf(methods, text);
  return exactMath.includes(text) ? undefined : `Math.${text} differs between engines, or is chance.`;
}

const entryOf = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

function* faultsIn(path) {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ESNext, true);
  const nodes = [source];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) continue;
    const why = fault(node);
    const at = source.getLineAndCharacterOfPosition(node.getStart(source));
    if (why !== undefined) yield `${path}:${at.line + 1}:${at.character + 1} ${why}`;
    nodes.push(...node.getChildren(source));
  }
}

const outputs = (await bundleCore()).flatMap(({ metafile }) => Object.entries(metafile.outputs));
const bundles = outputs.filter(([path]) => path.endsWith(".js"));
const files = [...new Set(bundles.flatMap(([, { inputs }]) => Object.keys(inputs)))].sort();
const faults = [
  ...bundles
    .filter(([, { bytes }]) => bytes > bundleBytesMax)
    .map(([path, { bytes }]) => `${path} has ${bytes} bytes; at most ${bundleBytesMax} fit.`),
  ...files.flatMap((path) =>
    path.includes("node_modules/") ? [`${path} The core takes no package in.`] : [...faultsIn(path)],
  ),
];
for (const line of faults) console.log(line);
console.log(`${files.length} files are in the core, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
