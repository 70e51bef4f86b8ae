import { isName, publicKeyOf } from "../charter/lines.js";
import { toBase64 } from "../kernel/bytes.js";
import { isOfficerId, type OfficerId, officerIdOf } from "../kernel/ids.js";
import { ok, type Result, refuse } from "../kernel/result.js";
import { isRecipient, type Recipient } from "../seal/age.js";

/** Somebody who hosts the cloud, by their public keys. */
export interface Operator {
  readonly id: OfficerId;
  readonly noteKey: Uint8Array;
  readonly loginKey: Uint8Array;
  /** What members tell the review board is sealed to it; a line from before there was one has none. */
  readonly recipient?: Recipient;
  readonly name: string;
}

/** What needs a second person cannot be done by fewer. */
const operatorsMin = 2;
const operatorsMax = 64;

/** One line of the operators' file: `id noteKey loginKey recipient name`, the first two keys base64. */
export function formatOperator({ id, noteKey, loginKey, recipient, name }: Operator): string {
  const keys = [toBase64(noteKey), toBase64(loginKey), ...(recipient === undefined ? [] : [recipient])];
  return [id, ...keys, name].join(" ");
}

/** The operators of a whole file; empty lines and those with `#` say nothing. A refusal lists every fault, a sentence each. */
export function parseOperators(text: string): Result<readonly Operator[], readonly string[]> {
  const faults: string[] = [];
  const operators: Operator[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const operator = parseOperator(line);
    if (operator === undefined)
      faults.push(`Line ${at + 1} is not the whole line that "lintel operator init" shows.`);
    else operators.push(operator);
  }
  const keys = operators.flatMap(({ noteKey, loginKey, recipient }) => [
    ...[toBase64(noteKey), toBase64(loginKey)],
    ...(recipient === undefined ? [] : [recipient]),
  ]);
  if (new Set(keys).size < keys.length) faults.push("A key stands in it twice: each person has their own.");
  if (faults.length === 0 && (operators.length < operatorsMin || operators.length > operatorsMax))
    faults.push(
      `It names ${operators.length} operator(s), but must name ${operatorsMin} to ${operatorsMax}: some acts need two people.`,
    );
  return faults.length === 0 ? ok(operators) : refuse(faults);
}

function parseOperator(line: string): Operator | undefined {
  const [id = "", note = "", login = "", ...words] = line.split(" ");
  const recipient = words.find((word, at) => at === 0 && isRecipient(word));
  const name = words.slice(recipient === undefined ? 0 : 1).join(" ");
  const [noteKey, loginKey] = [publicKeyOf(note), publicKeyOf(login)];
  if (noteKey === undefined || loginKey === undefined) return undefined;
  const whole = isOfficerId(id) && id === officerIdOf(noteKey) && isName(name);
  return whole ? { id, noteKey, loginKey, ...(recipient && { recipient }), name } : undefined;
}
