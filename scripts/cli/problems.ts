import { printable } from "./printable.js";

/** Longest word of the cloud's that is shown. */
const saidCharsMax = 300;

/** What the API says to programs, for people: only the kinds whose own words tell a person nothing. */
const sentences = new Map<string, string>([
  ["not-logged-in", "The cloud does not take the login. Compare this computer's clock, then try again."],
  [
    "login-refused",
    "The cloud does not know this member: the household's newest charter names other keys, or there is no such household. Compare the cloud's address and the recovery sheet; ask another owner of the household.",
  ],
  [
    "other-audience",
    "The cloud calls itself by another address. Use the one that its operator gives, letter by letter.",
  ],
  [
    "too-many-requests",
    "The cloud is asked too often. Wait a minute, then give the same command again; where it is about a new household, claim or charter, it may take an hour.",
  ],
  ["too-slow", "The request did not reach the cloud in time. Give the same command again, on a faster line."],
  [
    "storage-full",
    "The cloud's disk is full, and nothing was stored. Its operator must make room; try again then.",
  ],
  [
    "storage-failed",
    "The cloud's disk or database does not answer, and nothing was stored. Try again; if it stays so, tell its operator.",
  ],
  [
    "not-the-next-charter",
    "Somebody else changed the household at the same moment. Give the same command again.",
  ],
  [
    "not-the-newest-charter",
    "Somebody else changed the household at the same moment. Give the same command again.",
  ],
]);

/** The cloud did not even understand: no person can mend such a request. */
const misunderstood = new Set([
  ...["malformed-request", "too-large", "unsupported-media-type", "range-not-satisfiable"],
  ...["malformed-note", "other-note-type", "not-canonical", "bad-field", "bad-line", "repeated-key"],
  ...["malformed-opening", "opening-does-not-match", "wrong-number-of-openings", "line-kept-back"],
  ...["other-clip", "key-file-for-unknown-camera", "bad-board-key"],
]);

/** One sentence for a problem of `kind` (RFC 9457), of which the cloud itself says `said`. */
export function problemSentence(kind: string, said: string, requestId = "none"): string {
  if (misunderstood.has(kind))
    return `The cloud does not understand what this command asks of it (${kind}). Cloud and command line must be of the same version: update the older one.`;
  if (kind === "internal-error")
    return `The cloud failed; nothing was half-done. Try again, and tell its operator the request's id: ${shown(requestId)}.`;
  return sentences.get(kind) ?? shown(said);
}

function shown(text: string): string {
  const line = printable(text);
  return line.length > saidCharsMax ? `${line.slice(0, saidCharsMax)} …` : line;
}
