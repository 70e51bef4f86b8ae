/** ECMA-48 control sequences, operating system commands and the other escapes, 7-bit and 8-bit. */
const escapes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]P^_X]|[\u009d\u0090\u009e\u009f\u0098])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
/** What is left of them, line breaks too, and the marks that turn the writing round. */
const controls = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu;
/** What JSON lets through unescaped. */
const unescapedControls = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line that a terminal only shows: what others wrote must not move its cursor, set its title or fake our words. */
export function printable(text: string): string {
  return text.replace(escapes, "").replace(controls, " ");
}

/** JSON in which every control character is escaped: the same value. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replace(
    unescapedControls,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
