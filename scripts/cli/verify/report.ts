import { cameraKeyName } from "../../../shared/charter/lines.js";
import type { Millis } from "../../../shared/kernel/brand.js";
import { fromBase64, toHex } from "../../../shared/kernel/bytes.js";
import { utcText } from "../../../shared/kernel/utc.js";
import { nameOf } from "../../../shared/release/ask.js";
import type { Verified, VerifiedClip } from "../../../shared/release/verify.js";
import type { Hash } from "../../../shared/seal/hash.js";

/** What a verification found, for people: what the package is, and what nobody can know from it. */
export function reportLines(verified: Verified): readonly string[] {
  const { authorisation: said, request, agreement, signers, clips } = verified;
  const who = said.basis === "contacts" ? "contacts" : "owners";
  return [
    `Verified: release ${said.record}, byte for byte what was signed and logged.`,
    `  for ${agreement.name} (agency ${agreement.agency}), ${nameOf(request)}, file ${request.file}, about ${said.purpose}`,
    `  by household ${said.household}: ${signers.map(({ name }) => name).join(" and ")} signed on ${utcText(said.signed)}; to be kept for ${days(said.keep)} days at most`,
    ...(said.basis === "contacts" ? [contactsLine] : []),
    ...clips.flatMap(clipLines),
    ...logLines(verified),
    `Checked: every file and byte; all signatures; that the camera signed each released second, in its order; that the ${who} shown authorised`,
    "  exactly these files for exactly this; the rules on window, hold and keeping; and that the log had each thing in its time.",
    "Not checked, because a package cannot say it:",
    ...notChecked(verified).map((line) => `  - ${line}`),
  ];
}

const contactsLine =
  "    as the household's contacts, for owners who did not answer; a word of each owner, given since the question, stands beside it";

function clipLines({
  released,
  manifest,
  charter,
  kept,
  since,
  timeCorroborated,
}: VerifiedClip): readonly string[] {
  const { clip, camera, from, to, audio } = released;
  const name = charter.cameras.find(({ id }) => id === camera)?.name ?? cameraKeyName(camera);
  const clock = manifest.clock === "synchronised" ? "" : " The camera says that its clock was not set.";
  const existed = timeCorroborated
    ? `it existed by ${utcText(since)}, says the log`
    : `TIME NOT CORROBORATED: the log has it only since ${utcText(since)}, over 7 days later`;
  return [
    `  clips/${clip}.mp4: ${name} (${camera}), ${utcText(from)} to ${utcText(to)}, ${audio ? "with sound" : "without sound"}`,
    `    ${existed}.${clock} ${kept} of ${manifest.fragments.length} recorded fragments were not released.`,
  ];
}

function logLines({ standing, log, logIsBelieved }: Verified): readonly string[] {
  const { agreement, request, escrow } = standing;
  const word =
    log.quorum === 0 ? "by the log's own word" : `seen by ${log.quorum} of ${log.witnesses.length} witnesses`;
  const escrowed = escrow === undefined ? "" : `, escrow ${utcText(escrow.since)}`;
  return [
    `  in the public log ${log.log.name} (${word}): terms ${utcText(agreement)}, question ${utcText(request)}${escrowed}`,
    ...(logIsBelieved
      ? []
      : [
          "  The log's keys are only what this package claims. Get its policy from a place that you trust, and give it with --policy.",
        ]),
  ];
}

function notChecked({ authorisation, charters, clips, standing }: Verified): readonly string[] {
  const closed = charters.reduce((sum, { kept }) => sum + kept, 0);
  const sealed = standing.escrow?.act.package;
  const { household } = authorisation;
  // A household's id is that of its founder's key.
  const isFounders = charters.some(({ members }) => members.some(({ id }) => String(id) === household));
  return [
    ...(isFounders
      ? []
      : [
          `whether these owners are household ${household}'s: its founder is not among them, so only the cloud that logged their charter knows`,
        ]),
    ...(closed > 0
      ? [
          `whether another owner stands in a charter's closed lines (${closed}); the cloud looked, and an owner who was passed over can prove it`,
        ]
      : []),
    ...(authorisation.basis === "contacts"
      ? ["whether an owner's word held a no: it is sealed, and the contacts sign that they read none"]
      : []),
    `whether the camera's clock was right, beyond what the log says${clips.length > 1 ? " of each clip" : ""}`,
    "whether root on the camera signed what it did not film",
    ...(sealed === undefined
      ? []
      : [`whether the sealed file that was fetched is the logged one: its SHA-256 must be ${hex(sealed)}`]),
  ];
}

/** The same for programs. */
export function reportJson(verified: Verified): object {
  const { authorisation: said, request, agreement, signers, clips, standing, log } = verified;
  return {
    verified: true,
    release: said.record,
    request: request.id,
    file: request.file,
    agency: { id: agreement.agency, name: agreement.name },
    household: said.household,
    signers: signers.map(({ id, name }) => ({ id, name })),
    basis: said.basis,
    signed: utcText(said.signed),
    keepDays: days(said.keep),
    clips: clips.map(({ released, manifest, kept, since, timeCorroborated }) => ({
      ...{ clip: released.clip, camera: released.camera, file: `clips/${released.clip}.mp4` },
      ...{ from: utcText(released.from), to: utcText(released.to), audio: released.audio },
      ...{ sha256: released.sha256, clock: manifest.clock, notReleased: kept },
      ...{ loggedBy: utcText(since), timeCorroborated },
    })),
    log: { name: log.log.name, believed: verified.logIsBelieved, quorum: log.quorum },
    publicSince: { terms: utcText(standing.agreement), request: utcText(standing.request) },
    ...(standing.escrow && {
      escrow: { since: utcText(standing.escrow.since), package: hex(standing.escrow.act.package) },
    }),
    notChecked: notChecked(verified),
  };
}

/** As `sha256sum` prints it. */
function hex(hash: Hash): string {
  const bytes = fromBase64(hash);
  return bytes.ok ? toHex(bytes.value) : hash;
}

const days = (millis: Millis): number => Math.floor(millis / (24 * 60 * 60_000));
