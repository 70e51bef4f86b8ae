import type { ProblemTable } from "./table.js";

/** Refusals of requests themselves, and of who sends them. */
export const askingProblems = {
  // The request itself
  "not-there": [
    404,
    "Not there",
    "Nothing is at this address, or it is not yours. Check the id, and who is logged in.",
  ],
  "malformed-request": [400, "Malformed request", "The request does not have the form in /openapi.json."],
  "too-slow": [
    408,
    "Too slow",
    "The request did not come whole in its time. Send it again, on a faster line.",
  ],
  "too-large": [413, "Too large", "The request is larger than this route takes."],
  "unsupported-media-type": [
    415,
    "Unsupported media type",
    "Send application/json, or application/octet-stream for a piece: /openapi.json names it for each call.",
  ],
  "range-not-satisfiable": [
    416,
    "Range not satisfiable",
    "The range lies behind the end; Content-Range gives the length.",
  ],
  "too-many-requests": [429, "Too many requests", "Wait as long as Retry-After says, then try again."],
  "too-many-streams": [
    429,
    "Too many streams",
    "A member follows at most 8 streams at a time, and a household 32. End one, then open another.",
  ],
  "segment-damaged": [
    500,
    "Segment damaged",
    "The vault's copy of this segment is missing or not what its camera signed, so nothing of it is sent. Trying again does not help: its operator can put it back from a backup.",
  ],
  "thumbnail-damaged": [
    500,
    "Thumbnail damaged",
    "The vault's copy of this thumbnail is not what its camera signed, so nothing of it is sent. Trying again does not help; the clip itself is not touched by it.",
  ],
  "internal-error": [
    500,
    "Internal error",
    "The cloud failed; nothing was half-done. Try again, and show the operator the request id.",
  ],
  "storage-full": [
    507,
    "Storage full",
    "The cloud's disk is full: nothing was stored. Its operator must make room; try again as late as Retry-After says.",
  ],
  "storage-failed": [
    503,
    "Storage failed",
    "The cloud's disk or database does not answer: nothing was stored. Try again as late as Retry-After says; if it stays so, tell the operator.",
  ],
  "log-behind": [
    503,
    "Public log behind",
    "The public log's witnesses do not answer, and nothing takes effect before they have seen it. It goes on by itself once they are back; ask again as late as Retry-After says.",
  ],
  unavailable: [503, "Unavailable", "The cloud is starting, stopping or short of something. Try again soon."],
  // Who asks
  "not-logged-in": [
    401,
    "Not logged in",
    "The token is missing, expired or not from this cloud. Log in again.",
  ],
  "login-refused": [
    401,
    "Login refused",
    "The login does not hold: ask for a new nonce, and sign it with the login key of a member in the newest charter.",
  ],
  "office-login-refused": [
    401,
    "Login refused",
    "No key that signs in here made this login, or it came too late. Your line must stand in the agency's agreement in force, or, an operator's, in the file that LINTEL_OPERATORS names, since the cloud's last start. Then try again.",
  ],
  "other-audience": [
    401,
    "Login for another cloud",
    "The login names another cloud's address as its audience. Use the address that this cloud calls its own.",
  ],
  "sign-in-refused": [
    401,
    "Sign-in refused",
    "The sign-in does not hold. Try again; if it stays so, sign in another way, or add a passkey anew from the command line (passkey add).",
  ],
  "passphrase-refused": [
    401,
    "Passphrase or code refused",
    "Name, words and code do not hold together. Each code counts once: type the newest one. If it stays so, make new words from the command line (passphrase new).",
  ],
  "sign-in-busy": [
    503,
    "Too many sign in",
    "So many sign in with passphrases now that yours was not looked at. Try again as late as Retry-After says.",
  ],
  "no-such-link": [
    404,
    "No such link",
    "This link was used, replaced by a newer one, or is older than 10 minutes. Make another one from the command line (passkey add).",
  ],
  "passkey-refused": [
    422,
    "Passkey refused",
    "The passkey was not taken: it must be made on this page, by a device that asks for your finger, face or PIN. Try again.",
  ],
  "passkey-known": [409, "Passkey known", "This device has a passkey here already. Sign in with it."],
  "too-many-passkeys": [
    409,
    "Too many passkeys",
    "A member has at most 16 passkeys. Remove one (lintel member passkey list), then add another.",
  ],
  "no-name-for-passkeys": [
    409,
    "No name for passkeys",
    "Browsers bind passkeys to a name, and this cloud has an address only. Its operator sets LINTEL_PUBLIC_URL to an https:// address with a name; on one's own machine http://localhost will do.",
  ],
  "key-session-only": [
    403,
    "From the command line only",
    "Only a session that was opened with the member's own key may do this. Use the command line: lintel member passkey, lintel member passphrase.",
  ],
  "own-key-only": [
    403,
    "With your own key only",
    "In a browser you can look, say no, and agree to what another person's key began. For this use the command line, which signs in with your own key: lintel operator, lintel agency.",
  ],
  "last-way-in": [
    409,
    "The last way in",
    "This is the only way in which you sign in from a browser. Add another one first, or remove it from the command line, which signs in with your key.",
  ],
  "other-origin": [
    403,
    "Another origin",
    "A page of another address asked. Open the page at the address that this cloud calls its own.",
  ],
  "session-over": [
    401,
    "Session over",
    "The refresh token is of no open session: it was ended, renewed elsewhere or ran out. Sign in again; if a token of yours was used by somebody else, the session was ended for it.",
  ],
  "too-many-attempts": [
    429,
    "Too many attempts",
    "Too many attempts to sign in have failed. Wait as long as Retry-After says; a restart of the cloud does not shorten it.",
  ],
  "recovery-taken": [
    409,
    "Passphrase taken",
    "Another member's recovery has this passphrase. Draw another one.",
  ],
  "scope-missing": [
    403,
    "Scope missing",
    "This token is not good for this. Make one with the scope that the route needs, or sign in: what changes the household, its sessions or its tokens takes no token.",
  ],
  "too-many-tokens": [409, "Too many tokens", "A member has at most 32 tokens. End one, then make another."],
} as const satisfies ProblemTable;
