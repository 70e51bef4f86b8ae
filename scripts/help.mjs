// For the scripts that must answer before anything is installed.

/** Prints `text` and ends where help is asked for; refuses arguments that are not among `options` or, with `files`, names. */
export function helpOrNothing(text, { options = [], files = false } = {}) {
  const words = process.argv.slice(2);
  if (words.some((word) => ["--help", "-h"].includes(word))) {
    console.log(text);
    process.exit(0);
  }
  const strange = words.filter((word) => (word.startsWith("-") ? !options.includes(word) : !files));
  if (strange.length === 0) return;
  console.error(`${strange.join(" ")} is not understood.\n\n${text}`);
  process.exit(2);
}
