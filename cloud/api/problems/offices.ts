import type { ProblemTable } from "./table.js";

/** Refusals of what agencies and operators do, and of what households answer them. */
export const officeProblems = {
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
  "too-long-ago": [
    422,
    "Too long ago",
    "What happened more than 400 days ago the review board does not judge: what it upholds counts in public for so long, and nobody can hold it against an agency any more.",
  ],
  "reported-already": [
    409,
    "Reported already",
    "Your household has reported this already: the same agency and the same thing, within a day. Your own reports: lintel member report list.",
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
} as const satisfies ProblemTable;
