// What people of a household hand each other, and what binds them.
import { formatMasks, formatZones, parseMasks, parseZones } from "../../../shared/charter/areas.js";
import {
  type CharterRefusal,
  openDisclosedCharter,
  openFirstCharter,
  openPinnedCharter,
  type SignedCharter,
  signCharter,
} from "../../../shared/charter/charter.js";
import { type ClaimRefusal, formatClaim, parseClaim } from "../../../shared/charter/claim.js";
import {
  formatInvitation,
  formatNewcomer,
  type JoiningRefusal,
  parseInvitation,
  parseNewcomer,
} from "../../../shared/charter/joining.js";
import { formatLines } from "../../../shared/charter/lines.js";
import { refuse } from "../../../shared/kernel/result.js";
import { formatArea, formatDegrees, parseArea, parseDegrees } from "../../../shared/release/area.js";
import { newHome } from "../../../shared/release/home.contract.js";
import { formatOperator, parseOperators } from "../../../shared/release/operators.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { nativeSigner } from "../../../shared/seal/native.io.js";
import { signNote } from "../../../shared/seal/note.js";
import { commitment } from "../../../shared/seal/opening.js";
import { canonical, mustHold, orMalformed, type Target, textsIn, textTarget } from "../target.js";

type Malformed = { readonly kind: "malformed" };
const malformed = ["malformed"] as const;
const home = newHome({ roles: ["owner", "owner", "adult", "guest", "contact"] });
const owners = home.members.slice(0, 2).map(({ signer }) => nativeSigner(signer));
const zeros = { bytes: (length: number) => new Uint8Array(length) };
const [founder] = home.members;
const hash = hashOfText("x");

const { household } = home.charter;
const charterHead = `charter/v1\n${household}\nversion 1\nprevious none\nissued 0\nchange all-owners\nrelease all-owners\n`;
const lines = formatLines(home.charter);
const sees = formatLines({
  ...home.charter,
  members: home.charter.members.map((member) =>
    member.role === "guest" ? { ...member, sees: [home.camera.id] } : member,
  ),
});
const areas = "5000,0;10000,10000;0,10000";
const masked = lines.map((line) => line.replace(" none whole ", ` ${areas} ${areas}:50:10/${areas}:0:0 `));
const charterSeeds = [lines, sees, masked].map(
  (all) => charterHead + all.map((line) => `line ${line}\n`).join(""),
);

export const householdTargets: readonly Target[] = [
  textTarget<CharterRefusal>({
    ...{
      name: "charter",
      about: "a household's charter, its lines in the open",
      seeds: charterSeeds,
      millis: 500,
    },
    words: [
      "owner",
      "adult",
      "guest",
      "contact",
      "outdoor",
      "indoor",
      "on",
      "off",
      "record",
      "off,detect,record",
      "none",
      "whole",
    ],
    kinds: [
      ...([
        "malformed-note",
        "forged-signature",
        "no-known-signer",
        "other-note-type",
        "not-canonical",
        "bad-field",
      ] as const),
      ...([
        "malformed-opening",
        "opening-does-not-match",
        "wrong-number-of-openings",
        "bad-line",
        "line-kept-back",
      ] as const),
      ...([
        "repeated-key",
        "epoch-without-key",
        "no-owner",
        "other-household",
        "not-the-next-charter",
      ] as const),
      "missing-signature",
    ],
    run(text) {
      const signed = charterOf(text);
      if (signed === undefined) return refuse({ kind: "malformed-note" as const, why: "not signable" });
      const opened = openFirstCharter(signed);
      openDisclosedCharter({
        ...signed,
        openings: signed.openings.map((one, at) => (at % 2 === 0 ? one : null)),
      });
      if (!opened.ok) return opened;
      mustHold(openPinnedCharter(signed, opened.value.hash).ok, "a charter is not the one of its own hash");
      const { hash: _, ...charter } = opened.value;
      mustHold(
        JSON.stringify(signCharter(charter, owners, zeros)) === JSON.stringify(signed),
        "what was taken is formatted to another text",
      );
      return opened;
    },
  }),
  textTarget<ClaimRefusal>({
    ...{ name: "claim", about: "what a QR code claims a camera with", kinds: ["malformed-claim"] },
    seeds: textsIn("claim", "lintel1."),
    run(text) {
      const claim = parseClaim(text);
      if (claim.ok) {
        mustHold(formatClaim(claim.value) === text.trim(), "what was taken is formatted to another text");
        mustHold(URL.canParse(claim.value.cloudUrl), "its cloud has no address that a client could ask");
      }
      return claim;
    },
  }),
  textTarget<JoiningRefusal>({
    ...{ name: "invitation", about: "what a newcomer is invited with", kinds: ["malformed-joining"] },
    seeds: [undefined, "aaaaaaaaaaaaaaaa"].map((id) =>
      formatInvitation({
        ...{ cloudUrl: "https://cloud.example:8443", caHash: hash, household, version: 3, charter: hash },
        ...(id === undefined ? {} : { id }),
      }),
    ),
    run(text) {
      const invitation = parseInvitation(text);
      if (invitation.ok) {
        mustHold(
          formatInvitation(invitation.value) === text.trim(),
          "what was taken is formatted to another text",
        );
        mustHold(URL.canParse(invitation.value.cloudUrl), "its cloud has no address that a client could ask");
        mustHold(
          /^[\x21-\x7e]+$/.test(invitation.value.cloudUrl),
          "its cloud's address would be obeyed by a terminal",
        );
      }
      return invitation;
    },
  }),
  textTarget<JoiningRefusal>({
    ...{ name: "newcomer", about: "what a newcomer answers", kinds: ["malformed-joining"] },
    seeds: founder === undefined ? [] : [formatNewcomer(founder.member)],
    run: (text) => canonical(parseNewcomer, formatNewcomer)(text.trim()),
  }),
  textTarget<Malformed>({
    ...{ name: "masks", about: "polygons that a camera paints or watches", kinds: malformed },
    seeds: [areas, "none", `${areas}/${areas}`],
    run: canonical(orMalformed(parseMasks), formatMasks),
  }),
  textTarget<Malformed>({
    ...{ name: "zones", about: "polygons with a sensitivity", kinds: malformed },
    seeds: ["whole", `${areas}:50:10/${areas}:0:0`],
    run: canonical(orMalformed(parseZones), formatZones),
  }),
  textTarget<Malformed>({
    ...{ name: "area", about: "a request's area", seeds: ["4888670,234310;4888770,234310;4888670,234410"] },
    kinds: malformed,
    run: canonical(orMalformed(parseArea), formatArea),
  }),
  textTarget<Malformed>({
    ...{ name: "degrees", about: "a place as people type it", seeds: ["48.8867, 2.3431", "-0.00001,0"] },
    kinds: malformed,
    run(text) {
      const place = orMalformed(parseDegrees)(text);
      const again = place.ok ? parseDegrees(formatDegrees(place.value)) : undefined;
      mustHold(!place.ok || again !== undefined, "a place cannot be read back as it is shown");
      return place;
    },
  }),
  textTarget<Malformed>({
    ...{ name: "operators", about: "the operators' file", kinds: malformed },
    seeds: [
      home.members
        .slice(0, 2)
        .map(({ member }) => `${formatOperator(member as never)}\n`)
        .join(""),
    ],
    run(text) {
      const found = parseOperators(text);
      if (!found.ok) return refuse({ kind: "malformed" as const });
      const again = parseOperators(found.value.map((one) => `${formatOperator(one)}\n`).join(""));
      mustHold(again.ok, "operators are others when written again");
      return found;
    },
  }),
];

/** Salted with zeros, and signed by both owners: what is fuzzed is behind the hashes. */
function charterOf(text: string): SignedCharter | undefined {
  const openings: string[] = [];
  const hidden = text.replace(/^line (.*)$/gm, (_, line: string) => {
    openings.push(`${"A".repeat(22)}== ${line}`);
    return `line ${commitment({ salt: new Uint8Array(16), line })}`;
  });
  try {
    return { note: signNote(hidden, owners), openings };
  } catch {
    return undefined;
  }
}
