import { utcText } from "../kernel/utc.js";
import { nameOf } from "./ask.js";
import type { ReleasedClip } from "./authorisation.js";
import type { Facts } from "./facts.js";

/** Who did what with the recordings, as far as signatures and the public log say; one line each. */
export function custodyText(facts: Facts): string {
  const { authorisation: said, request, agreement, signers } = facts;
  const [as, whose] = byContacts(facts) ? [" as a contact", "a contact"] : ["", "an owner"];
  const recorded = said.clips.map(
    ({ clip, camera, from, to }) =>
      `${utcText(from)} to ${utcText(to)}  camera ${camera} recorded and signed clip ${clip}`,
  );
  return lines(
    `Chain of custody of release ${said.record}`,
    "",
    ...recorded,
    "                          each second was encrypted in the camera; the cloud held it without a key",
    `${utcText(request.submitted)}  ${agreement.name} (${agreement.agency}) asked by ${nameOf(request)}, file ${request.file}`,
    ...wordLines(facts),
    ...signers.map(
      ({ id, name }) => `${utcText(said.signed)}  ${name} (member ${id}) signed the authorisation${as}`,
    ),
    `${utcText((said.signed + said.hold) as typeof said.signed)}  the household's time to reconsider ended`,
    `                          ${whose}'s own computer opened the clips, cut whole seconds out of them without changing a byte, and`,
    `                          encrypted this package to ${said.recipient}`,
    "",
    "When it was escrowed stands in escrow.act and, in public, in the log. What the agency does with it is for the agency to record.",
  );
}

const byContacts = ({ authorisation }: Pick<Facts, "authorisation">): boolean =>
  authorisation.basis === "contacts";

/** What contacts signed beside. What an owner's word holds is sealed, and stays with the household. */
function wordLines({ words, charters }: Facts): readonly string[] {
  const people = charters.flatMap(({ members }) => members);
  return words.map(({ at, member }) => {
    // unreached: whose word was opened is an owner of these charters
    const name = people.find(({ id }) => id === member)?.name ?? "";
    return `${utcText(at)}  ${name} (member ${member}), an owner, was heard of: the contacts sign that they read it, and no no in it`;
  });
}

/** A draft only: whoever certifies must know what they certify. */
export function declarationText({ authorisation: said, request, agreement }: Facts): string {
  const whose = byContacts({ authorisation: said }) ? "contacts" : "owners";
  return lines(
    "DRAFT - not signed, not legal advice. For whoever certifies under Federal Rule of Evidence 902(14)",
    "(certified data copied from an electronic device, storage medium, or file).",
    "",
    `Matter: ${agreement.name}, file ${request.file}`,
    "",
    "I, [name], [position, qualifications], declare:",
    "",
    `1. On [date] I received one file that opens with the private key of ${said.recipient}, made for ${nameOf(request)}.`,
    '2. I verified it with "lintel verify" on [computer, version], which works offline, and [with the commands in HOWTO.txt].',
    "3. It reported that each second in the following files is, byte for byte, what the named camera signed when it recorded it, in",
    `   its order, and that the files are those that the household's ${whose} authorised. They were compared by their SHA-256 values:`,
    ...said.clips.flatMap(declared),
    `4. The authorisation ${said.record} was signed by the household on ${utcText(said.signed)}.`,
    "5. [What was done with the file since, by whom, when.]",
    "",
    "What this process does not show: that a camera's clock was right beyond what its manifest says of it, who is in the picture,",
    "and what happened where nothing was recorded or released.",
    "",
    "I declare under penalty of perjury under the laws of the United States of America that the foregoing is true and correct.",
    "",
    "Executed on [date]    [signature]",
  );
}

function declared({ clip, from, to, sha256 }: ReleasedClip): readonly string[] {
  return [`   clips/${clip}.mp4, ${utcText(from)} to ${utcText(to)}`, `      SHA-256 (base64) ${sha256}`];
}

/** How to check by hand. What is indented are commands for a POSIX shell, to be run where the tar was unpacked. */
export function howtoText({ authorisation: said, request }: Facts): string {
  const isContacts = byContacts({ authorisation: said });
  const whose = isContacts
    ? "contact under the authorisation and owner under a word"
    : "owner under the authorisation";
  return lines(
    `Lintel release package, version 1: release ${said.record} for ${nameOf(request)}`,
    "",
    "With Lintel, on any computer, offline:   lintel verify package.tar --policy policy.txt",
    "(the log's policy from a place that you trust; proofs/policy.txt is only what this package claims)",
    "",
    "By hand, with age, tar, sha256sum and openssl (3 or later):",
    "",
    "1. Open it with the private key of the request, and unpack it:  age -d -i key.txt package.age | tar -x",
    "",
    "2. Nothing was damaged:",
    "",
    "    sha256sum -c SHA256SUMS",
    "",
    "3. A note's signature. Its public key is base64 in a line of agreement/1.note (officers) or of charters/*.json (members, cameras).",
    "",
    ...indented(shellFunctions),
    "",
    `   Each officer of the agreement whose signature stands under the request (two at least), then each ${whose}:`,
    "",
    "    for n in agreement/*.note; do last=$n; done",
    "    grep '^officer ' $last | while read -r _ id _ key _; do",
    '      if grep -q "^— officer-$id " request.note; then checks request.note officer-$id $key; fi',
    "    done",
    `    openings charters/*.json | grep -h ' member ' | cut -d ' ' -f 3,5 | sort -u | while read -r id key; do`,
    ...(isContacts ? contactsCommands : ownersCommands),
    "    done",
    "",
    "4. Each clip is what its camera signed: the manifest's signature, then each released second against its line in it.",
    "",
    ...indented(clipCommands),
    "",
    "Every line that these commands print ends in OK. Players start a clip at its own time, which may not be 0.",
  );
}

const ownersCommands = [
  '      if grep -q "^— member-$id " authorisation.note; then checks authorisation.note member-$id $key; fi',
];

const contactsCommands = [
  "      for n in authorisation.note words/*.note; do",
  '        if grep -q "^— member-$id " $n; then checks $n member-$id $key; fi',
  "      done",
];

const shellFunctions = [
  "# checks FILE NAME KEY: whether the holder of that key signed that note",
  "checks() {",
  "  sed '/^$/,$d' \"$1\" > note.text",
  '  grep "^— $2 " "$1" | cut -d \' \' -f 3 | base64 -d | tail -c 64 > note.sig',
  "  { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; printf %s \"$3\" | base64 -d; } > note.key",
  "  openssl pkeyutl -verify -pubin -keyform DER -inkey note.key -rawin -in note.text -sigfile note.sig > note.said 2>&1",
  '  if [ $? -eq 0 ]; then echo "$1 signed by $2: OK"; else echo "$1 NOT signed by $2"; fi',
  "  rm -f note.text note.sig note.key note.said",
  "}",
  "# openings FILE...: the lines beside a note that are shown, with their salts; seconds FILE: of a manifest, salt and then",
  "# line, track, time, duration, bytes, SHA-256",
  'openings() { cat "$@" | grep -o \'"[A-Za-z0-9+/]\\{22\\}== [^"]*"\' | tr -d \'"\'; }',
  "seconds() { openings \"$1\" | grep -x '[^ ]*\\( [0-9]*\\)\\{5\\} [A-Za-z0-9+/]*='; }",
];

const clipCommands = [
  "for mp4 in clips/*-*-*-*-????????????.mp4; do",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a shell's.
  "  manifest=${mp4%.mp4}.manifest.json",
  '  printf \'%b\' "$(sed \'s/^{"note":"\\([^"]*\\)".*/\\1/\' $manifest)" > manifest.note',
  "  camera=$(sed -n 's/^camera //p' manifest.note)",
  "  key=$(openings charters/*.json | grep -h \" camera $camera \" | cut -d ' ' -f 4 | sort -u)",
  "  checks manifest.note camera-$camera $key",
  "  total=$(seconds $manifest | awk '{ sum += $6 } END { print sum }')",
  "  at=$(( $(wc -c < $mp4) - total ))",
  "  seconds $manifest | while read -r salt line; do",
  "    set -- $line",
  '    hidden=$({ printf %s $salt | base64 -d; printf %s "$line"; } | openssl dgst -sha256 -binary | base64)',
  "    found=$(tail -c +$(( at + 1 )) $mp4 | head -c $5 | openssl dgst -sha256 -binary | base64)",
  '    if grep -qxF "fragment $hidden" manifest.note && [ "$found" = "$6" ]; then echo "$mp4 line $1: OK"; else echo "$mp4 line $1 DIFFERS"; fi',
  "    at=$(( at + $5 ))",
  "  done",
  "  rm -f manifest.note",
  "done",
];

const indented = (commands: readonly string[]): readonly string[] =>
  commands.map((command) => `    ${command}`);

const lines = (...all: readonly string[]): string => `${all.join("\n")}\n`;
