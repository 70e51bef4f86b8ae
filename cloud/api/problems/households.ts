import type { ProblemTable } from "./table.js";

/** Refusals of what a household does with its charters, people, cameras and clips. */
export const householdProblems = {
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
} as const satisfies ProblemTable;
