/**
 * Every refusal that leaves the API: kind → status, title, and the sentence that says what to do next. The kinds are stable,
 * as `type` URIs (RFC 9457 §3.1.1): clients decide by them.
 */
export const problems = {
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
    "The login does not hold: ask for a new nonce, and sign it with the login key that the agency's agreement in force, or the operators' file, names for you.",
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
  // Officers and operators
  "second-person-needed": [
    403,
    "Another person needed",
    "This takes two people, and you are the first already. Ask another one.",
  ],
  "not-its-turn": [
    409,
    "Not its turn",
    "It has moved on, or is not so far. Read it again: its state says what may happen now.",
  ],
  "proposal-changed": [
    409,
    "Another proposal",
    "It is not any more what you looked at: a colleague proposes something else. Look again, then answer.",
  ],
  "agency-not-active": [
    403,
    "Agency not active",
    "The agency's agreement is not in force, or it was suspended or revoked: nothing can be asked in its name. See the public record of agencies.",
  ],
  "other-number": [
    409,
    "Another number",
    "An agency is called back at the number of its public agreement in force, and at no other. Call that one.",
  ],
  "wider-than-the-process": [
    422,
    "Wider than the process",
    "A line that names no camera and window, content under a subpoena, an indoor camera that it does not call so, or more than 31 days reaches nothing. Keep only lines without a fault.",
  ],
  "gag-without-court-or-date": [
    422,
    "Gag without court or date",
    "Only a court order or warrant may forbid to tell the household, and only until a day that is named, within 366 days.",
  ],
  "one-household": [
    422,
    "One household each",
    "The process names cameras of more than one household. Serve one for each.",
  ],
  "not-produced": [
    409,
    "Nothing to fetch",
    "Nothing is handed over yet, nothing was held, or its 14 days are over. Look at its state.",
  ],
  "emergency-out-of-reach": [
    422,
    "Out of reach",
    "An emergency reaches one outdoor camera and a window within the last 72 hours, and nothing else. Otherwise serve legal process.",
  ],
  "too-many-waiting": [
    429,
    "Too many wait",
    "20 of yours wait for an answer already. Wait until some of them have one.",
  ],
  "renewed-already": [
    409,
    "Renewed already",
    "An order of preservation is renewed once. This one lapses on its day.",
  ],
  "window-too-wide": [
    422,
    "Window too wide",
    "An order names one camera and a window of 31 days at most that ends after it begins. Narrow it.",
  ],
  "out-of-scope": [
    403,
    "Out of scope",
    "Your access does not cover this: it is another operator's, over, not approved yet, or asked for other kinds. Ask for one with the scope that you need.",
  ],
  "owners-only": [403, "Owners only", "Only an owner of the household may do this."],
  "contacts-only": [403, "Contacts only", "Only a contact whom the household's charter names may do this."],
  "owners-must-agree": [
    409,
    "Owners must agree",
    "The charter demands every owner's word for a change. Sign one that lets any owner decide, or that names one owner only, then delete the household.",
  ],
  "order-keeps-recordings": [
    409,
    "An order keeps recordings",
    "An order of preservation or legal process keeps some of the household's sealed recordings; nobody can open them by it. See it and when it ends: lintel member notices. Delete the household then.",
  ],
  // Reports of pressure
  "adults-only": [403, "Adults only", "Only an owner or an adult of the household may do this."],
  "agency-unknown": [
    422,
    "Unknown agency",
    "No agency that was vetted here has this id. The public record lists them: /record.",
  ],
  "reported-already": [
    409,
    "Reported already",
    "Your household has reported this already: the same agency and the same thing, within a day. See it: lintel member report list.",
  ],
  "too-many-reports": [
    429,
    "Too many reports",
    "4 of your household's reports wait for the review board. Wait until it has answered one.",
  ],
  "own-agency": [403, "Own agency", "Nobody decides about a report on an agency that names them."],
  "registration-closed": [
    403,
    "Registration closed",
    "This cloud takes no new households. Ask its operator.",
  ],
  // Charters
  "malformed-note": [422, "Malformed note", "The signed note does not have the form of C2SP signed-note."],
  "other-note-type": [
    422,
    "Another kind of note",
    "The note is of another type or version than this route takes.",
  ],
  "not-canonical": [
    422,
    "Note not canonical",
    "The note's lines are not the ones of its type, in their order.",
  ],
  "bad-field": [422, "Bad field in a note", "A field of the note does not hold what its grammar says."],
  "malformed-opening": [422, "Malformed opening", "A line beside the charter is not `base64(salt) line`."],
  "opening-does-not-match": [
    422,
    "Opening does not match",
    "A line beside the charter is not the one that it commits to.",
  ],
  "wrong-number-of-openings": [
    422,
    "Wrong number of openings",
    "The charter commits to another number of lines than stand beside it.",
  ],
  "bad-line": [
    422,
    "Bad line in the charter",
    "A member's or camera's line does not hold what its grammar says.",
  ],
  "line-kept-back": [
    422,
    "Line kept back",
    "Between members and cloud every line of a charter must be opened.",
  ],
  "repeated-key": [422, "Repeated key", "A public key stands in the charter twice. Make a new key."],
  "epoch-without-key": [
    422,
    "Epoch without a key of its own",
    "Each epoch of a camera has one key, and epochs only rise: give the camera a new key and the next epoch together.",
  ],
  "no-owner": [422, "No owner", "The charter names no owner. A household needs at least one."],
  "forged-signature": [
    403,
    "Signature does not hold",
    "A signature under the note is not by the key it names.",
  ],
  "no-known-signer": [403, "Not signed by an owner", "No owner of the newest charter has signed this."],
  "missing-signature": [
    403,
    "A signature is missing",
    "The newest charter demands every owner's signature, or the change takes a right from an owner who has not signed it.",
  ],
  "other-household": [
    403,
    "Another household",
    "The note names another household than the one of its signer or of the login.",
  ],
  "other-clip": [
    403,
    "Another clip",
    "The signed deletion names another clip or camera. Sign one for this clip.",
  ],
  "not-the-next-charter": [
    409,
    "Not the next charter",
    "Another charter is the newest one by now. Fetch it, change that one, and sign again.",
  ],
  "proposal-waits": [
    409,
    "Another change waits",
    "Another change of the household waits for owners' signatures. Sign or withdraw that one first: `lintel member proposal`.",
  ],
  "signatures-missed": [
    409,
    "Signed meanwhile",
    "Another owner signed this change meanwhile. Fetch it, and add your signature to theirs.",
  ],
  "chain-full": [409, "Chain full", "The household has reached the limit of charters. Ask the operator."],
  "household-exists": [
    409,
    "Household exists",
    "This household is registered with another first charter. Log in instead.",
  ],
  "camera-elsewhere": [
    409,
    "Camera of another household",
    "The charter names a camera that belongs to another household. Reset the camera, which gives it a new identity, and claim it anew.",
  ],
  "key-file-for-unknown-camera": [
    422,
    "Key file for an unknown camera",
    "A key file names a camera or an epoch that the charter does not name.",
  ],
  // Clips
  "changed-meanwhile": [
    412,
    "Changed meanwhile",
    "It is not any more what If-Match names. Read it again, and decide again.",
  ],
  "too-many-kept": [
    409,
    "Too many kept",
    "A household marks at most 1,000 clips to be kept. Take a mark off another one, or download the clip.",
  ],
  "retention-too-long": [
    422,
    "Retention too long",
    "This cloud keeps no clip for so many days; /v1/household/retention gives its limit as daysMax.",
  ],
  "other-camera": [
    403,
    "Another camera",
    "The mode order names another camera than this one, or the charter names this camera no more.",
  ],
  "mode-not-newer": [
    409,
    "Not the next mode order",
    "The camera has an order with this counter or a higher one. Fetch it, and sign one that counts further.",
  ],
  "mode-not-allowed": [
    422,
    "Mode not allowed",
    "The charter does not allow the camera this mode. An owner may change what it allows.",
  ],
  "may-not-loosen": [
    403,
    "Only an owner may loosen",
    "An adult's order may let the camera do less, never more. Have an owner sign it.",
  ],
  // Shared links
  "may-not-share": [
    403,
    "Owners and adults share",
    "Only an owner or an adult of the household may share a recording. Ask one of them.",
  ],
  "too-many-shares": [
    409,
    "Too many links",
    "A household has at most 100 shared links. Take one back (lintel member shares), or wait until one expires.",
  ],
  "not-sealed": [
    422,
    "Not sealed",
    "What came begins no age file, or is another one than its note names: the cloud takes nothing that it could open.",
  ],
  "no-room-for-share": [
    507,
    "No room",
    "The household's part of the cloud is full. Delete recordings, or take shared links back, then share again.",
  ],
  "link-over": [
    404,
    "The link has ended",
    "This link has ended: it expired, was taken back, or was opened as often as it allowed. Ask whoever sent it for another one.",
  ],
  // Creations and webhooks
  "key-used-otherwise": [
    422,
    "Key used otherwise",
    "This Idempotency-Key came with another request within a day. Make a new key for each creation.",
  ],
  "key-under-way": [
    409,
    "Key under way",
    "The first request with this Idempotency-Key is not answered yet. Ask again in a minute.",
  ],
  "webhook-not-https": [
    422,
    "Webhook not https",
    "A webhook is an https:// address without a name or password in it. Give one.",
  ],
  "webhook-not-public": [
    422,
    "Webhook not public",
    "The address leads into a private network or to this machine. Only the cloud's operator can allow that (LINTEL_WEBHOOKS=any).",
  ],
  "webhook-no-address": [
    422,
    "Webhook without an address",
    "No address has that name. Check it for typing errors.",
  ],
  "too-many-webhooks": [
    409,
    "Too many webhooks",
    "A household has at most 8 webhooks. Remove one, then add another.",
  ],
  // Certificates
  "camera-removed": [
    410,
    "Camera removed",
    "The household's newest charter names this camera no more. Reset it, and claim it anew.",
  ],
  "certificate-holds": [
    409,
    "Certificate holds",
    "By the cloud's clock the camera's certificate has not ended: it may connect, and gets the next one there.",
  ],
  "renewal-refused": [
    403,
    "Renewal refused",
    "An owner of the household has refused this camera another certificate. Only an owner can change that.",
  ],
  // Invitations
  "malformed-joining": [
    422,
    "Not a newcomer's line",
    "The answer is not a newcomer's whole line. Send the one that `lintel member join` shows.",
  ],
  "invitation-exists": [409, "Invitation exists", "An invitation with this id exists. Draw another id."],
  "invitation-ends-in-the-past": [
    422,
    "Invitation ends in the past",
    "By the cloud's clock the invitation has ended already. Set this machine's clock.",
  ],
  "too-many-invitations": [
    409,
    "Too many invitations",
    "A household has at most 16 open invitations. Take one back (lintel member invitations), then make another.",
  ],
  "invitation-answered": [
    409,
    "Answered by somebody else",
    "Somebody else has answered this invitation, and the owners were told that there are two. If you gave the line to nobody, tell the owner by phone; they make a new one.",
  ],
  "invitation-expired": [
    410,
    "Invitation expired",
    "The invitation has expired. Ask the owner for a new one.",
  ],
  // Claims
  "claim-exists": [409, "Claim exists", "A claim with this id exists. Make a new secret."],
  "claim-ends-in-the-past": [
    422,
    "Claim ends in the past",
    "By the cloud's clock the claim has ended already. Set this machine's clock.",
  ],
  "not-the-newest-charter": [
    409,
    "Not the newest charter",
    "The claim pins a charter that is not the newest one. Fetch it and make a new claim.",
  ],
  "too-many-claims": [
    429,
    "Too many claims",
    "Too many claims of the household wait for an answer. Wait until some have expired.",
  ],
  "claim-used": [
    409,
    "Claim used",
    "Another board has answered this claim. If that was not yours, tell the owner; make a new claim.",
  ],
  "claim-expired": [410, "Claim expired", "The claim has expired. Ask the owner for a new one."],
  "bad-board-key": [
    422,
    "Bad key",
    "The answer's keys must be Ed25519 for notes, and P-256 or Ed25519 for TLS, with a 32-byte MAC.",
  ],
  // Agencies, requests, releases
  "other-agency": [
    422,
    "Other agency",
    "The agreement is another agency's: its id must be that of the key of a supervisor in it.",
  ],
  "no-supervisor": [422, "No supervisor", "An agreement must name a supervisor."],
  "other-terms": [
    422,
    "Other terms",
    "The text is not that whose hash the agreement names. Send the very file.",
  ],
  "repeated-officer": [
    422,
    "Key named twice",
    "The agreement names a key twice: each person has two of their own.",
  ],
  "not-the-next-agreement": [
    409,
    "Not the next agreement",
    "The agreement does not follow the one in force. Fetch that, and write the next version.",
  ],
  "not-signed-for-agency": [
    403,
    "Not signed for the agency",
    "No key that the agency's agreement in force names has signed this as it must be.",
  ],
  "not-in-this-state": [
    409,
    "Not in this state",
    "The agency's state does not allow this. Look at its record, and at what comes next.",
  ],
  "needs-another-operator": [
    409,
    "Needs another operator",
    "You have said so already: a second operator must, too.",
  ],
  "other-agreement": [
    409,
    "Other agreement",
    "It names an agreement that is not its agency's newest. Sign it anew.",
  ],
  "signed-by-newcomers": [
    403,
    "Signed by newcomers",
    "Whom an agreement's new version names is public for 30 days first. Until then two must sign, one of them a supervisor, whom the vetted version names as such.",
  ],
  "no-second-signature": [
    403,
    "No second signature",
    "It needs the signatures of an officer and of somebody else, a supervisor.",
  ],
  "against-the-rules": [422, "Against the rules", "The request asks for what no request may ask for."],
  "agency-may-not-ask": [
    403,
    "Agency may not ask",
    "The agency's agreement is not in force: it asks nothing until it is.",
  ],
  "signed-at-another-time": [
    422,
    "Signed at another time",
    "It was not submitted soon after the time that it names: within an hour, and 10 minutes in an emergency. Set the clock, and sign it anew.",
  ],
  "releases-ending": [
    403,
    "Releases are ending",
    "The operator of this cloud lets nothing new begin between agencies and households. What is under way goes to its end.",
  ],
  "supervisors-only": [403, "Supervisors only", "Only a supervisor of the agency may do this."],
  "own-request": [403, "Own request", "Nobody decides about a request of their own agency."],
  "request-not-in-this-state": [
    409,
    "Not in this state",
    "The request's state does not allow this. Look at its record.",
  ],
  refused: [403, "Not released", "This may not be released."],
  "another-package": [
    422,
    "Another package",
    "The word is about another package than the one that was fetched. Hash the fetched file again.",
  ],
  "release-not-in-this-state": [
    409,
    "Not in this state",
    "The release's state does not allow this. Look at its record.",
  ],
  "too-many-releases": [
    429,
    "Too many releases",
    "A household has at most 8 releases under way. Withdraw one, or wait until one has been fetched.",
  ],
  "too-much-in-escrow": [
    429,
    "Too much in escrow",
    "A household's packages take 2 GiB at most until they are fetched and receipted. Withdraw one, or wait until its agency has it.",
  ],
  "pieces-missing": [
    409,
    "Pieces missing",
    "Not all pieces of the package are here. Send those that are missing.",
  ],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ProblemKind = keyof typeof problems;

/** What goes away by itself or with the operator's help: a client comes again after so many seconds, unless it was told others. */
export const retryAfterSeconds: { readonly [Kind in ProblemKind]?: number } = {
  "storage-full": 60,
  "storage-failed": 10,
  unavailable: 10,
  "log-behind": 30,
  "sign-in-busy": 5,
};

/** A refusal on its way to the client; the error handler makes the document of it. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  /** What exactly was wrong, a sentence each. */
  readonly reasons: readonly string[];
  constructor(kind: ProblemKind, reasons: readonly string[] = []) {
    super(kind);
    this.kind = kind;
    this.reasons = reasons;
  }
}

interface Outcome<T> {
  readonly ok: true;
  readonly value: T;
}
interface Refused {
  readonly ok: false;
  readonly error: { readonly kind: ProblemKind };
}

/** The value, or the refusal as a problem. */
export function demand<T>(result: Outcome<T> | Refused): T {
  if (!result.ok) throw new Problem(result.error.kind);
  return result.value;
}

/** The value, or the one answer to "not there" and "not yours". */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Problem("not-there");
  return value;
}

export function problemType(kind: ProblemKind): string {
  return `urn:lintel:problem:${kind}`;
}
