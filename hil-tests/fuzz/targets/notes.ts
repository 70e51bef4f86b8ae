// Every type of note by its text: what signed it is looked at apart, so that changes reach what stands behind the signature.
import { formatLogin, parseLogin } from "../../../shared/charter/login.js";
import { formatMode, parseMode } from "../../../shared/charter/mode.js";
import { formatRenewal, parseRenewal } from "../../../shared/charter/renewal.js";
import { formatDeletion, formatReceipt, parseDeletion, parseReceipt } from "../../../shared/clip/custody.js";
import { formatSegment, parseSegment } from "../../../shared/clip/segment.js";
import { formatThumbnail, parseThumbnail } from "../../../shared/clip/thumbnail.js";
import { millis } from "../../../shared/kernel/brand.js";
import { fromUtf8, toUtf8 } from "../../../shared/kernel/bytes.js";
import { newReleaseId, newRequestId } from "../../../shared/kernel/ids.js";
import { seededPrng } from "../../../shared/kernel/prng.js";
import type { Result } from "../../../shared/kernel/result.js";
import { formatAct, parseAct } from "../../../shared/release/act.js";
import {
  type AgreementRefusal,
  formatAgreement,
  openFirstAgreement,
} from "../../../shared/release/agreement.js";
import { formatAuthorisation, parseAuthorisation } from "../../../shared/release/authorisation.js";
import { formatBatchPath, parseBatchPath, standsInBatch } from "../../../shared/release/batch.js";
import {
  formatClaim as formatEmergency,
  parseClaim as parseEmergency,
} from "../../../shared/release/emergency.js";
import { floorPolicy } from "../../../shared/release/floor.js";
import { noticeOf } from "../../../shared/release/notice.js";
import { formatOfficeLogin, parseOfficeLogin } from "../../../shared/release/officelogin.js";
import { formatPressure, parsePressure } from "../../../shared/release/pressure.js";
import { type CustodyRefusal, formatCustodyWord, openCustodyWord } from "../../../shared/release/receipt.js";
import { faultsOf, formatRequest, parseRequest } from "../../../shared/release/request.js";
import { newAgency, square } from "../../../shared/release/testing.contract.js";
import { formatWithdrawal, parseWithdrawal } from "../../../shared/release/withdrawal.js";
import type { FieldsRefusal } from "../../../shared/seal/fields.js";
import { hashOfText } from "../../../shared/seal/hash.js";
import { nativeSigner } from "../../../shared/seal/native.io.js";
import { type NoteRefusal, type Signer, signNote, textOf } from "../../../shared/seal/note.js";
import { formatPackageWord, parsePackageWord } from "../../../shared/seal/release.js";
import { formatEntry, parseEntry } from "../../../shared/tlog/entry.js";
import { canonical, type Target, textsIn, textTarget } from "../target.js";

const fieldsKinds: readonly FieldsRefusal["kind"][] = ["other-note-type", "not-canonical", "bad-field"];
const noteKinds = ["malformed-note", "forged-signature", "no-known-signer"] as const;

/** A note type that has one text for each value. */
function fields<T>(
  name: string,
  seeds: readonly string[],
  parse: (text: string) => Result<T, FieldsRefusal>,
  format: (value: T) => string,
): Target {
  const about = `the text of ${name} notes`;
  return textTarget<FieldsRefusal>({ name, about, seeds, kinds: fieldsKinds, run: canonical(parse, format) });
}

/** Of signed notes the texts. */
const signedTexts = (name: string, type: string): readonly string[] => [
  ...new Set(textsIn(name, `${type}\n`).map(textOf)),
];

const at = millis(1_750_000_000_000);
const agency = newAgency(at);
const release = newReleaseId(at, seededPrng(1));
const keyId = "ivznv7x5sq6lk565" as never;
const withdrawal = formatWithdrawal({ release, household: keyId, at });
const word = formatCustodyWord({
  ...{ release, agency: agency.agreement.agency, act: "received", package: hashOfText("package") },
  ...{ ground: "none", at },
});
const emergency = formatEmergency({
  ...{
    id: newRequestId(at, seededPrng(1)),
    agency: agency.agreement.agency,
    file: "2026/0815",
    danger: "abduction",
  },
  ...{
    agreement: hashOfText("agreement"),
    household: keyId,
    camera: keyId,
    recipient: `age1${"q".repeat(58)}`,
  },
  ...{ from: millis(at - 3_600_000), to: at, submitted: at },
});
const supervisor = nativeSigner(agency.supervisor.signer);

/** Text that some key signed; what cannot be signed is no note. */
function signed<T, E>(
  signer: Signer,
  open: (note: string) => Result<T, E>,
): (text: string) => Result<T, E | NoteRefusal> {
  return (text) => {
    try {
      return open(signNote(text, [signer]));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("Refusing to sign"))
        return { ok: false, error: { kind: "malformed-note", why: "it cannot be signed" } };
      throw error;
    }
  };
}

export const noteTargets: readonly Target[] = [
  fields("login", textsIn("login", "login/"), parseLogin, formatLogin),
  fields("office-login", textsIn("officelogin", "office-login/"), parseOfficeLogin, formatOfficeLogin),
  fields("renewal", textsIn("renewal", "renewal/"), parseRenewal, formatRenewal),
  fields("mode", signedTexts("mode", "mode/v1"), parseMode, formatMode),
  fields("receipt", textsIn("custody", "receipt/"), parseReceipt, formatReceipt),
  fields("deletion", textsIn("custody", "delete/"), parseDeletion, formatDeletion),
  fields("segment", textsIn("segment", "segment/"), parseSegment, formatSegment),
  fields("thumbnail", textsIn("thumbnail", "thumbnail/"), parseThumbnail, formatThumbnail),
  fields("package-word", textsIn("release", "package/"), parsePackageWord, formatPackageWord),
  fields("act", textsIn("act", "release-act/"), parseAct, formatAct),
  fields("emergency", [emergency], parseEmergency, formatEmergency),
  fields("withdrawal", [withdrawal], parseWithdrawal, formatWithdrawal),
  fields("pressure", signedTexts("pressure", "pressure/v1"), parsePressure, formatPressure),
  fields(
    "authorisation",
    signedTexts("authorisation", "authorisation/v1"),
    parseAuthorisation,
    formatAuthorisation,
  ),
  fields(
    "path",
    textsIn("path", "path/"),
    (text) => {
      const path = parseBatchPath(text);
      if (path.ok) standsInBatch("text", path.value);
      return path;
    },
    formatBatchPath,
  ),
  fields(
    "request",
    signedTexts("request", "request/v1"),
    (text) => {
      const request = parseRequest(text);
      if (request.ok) {
        faultsOf(request.value, { territory: square(20_000) }, floorPolicy);
        for (const language of ["en", "fr"] as const) noticeOf(request.value, agency.agreement, language);
      }
      return request;
    },
    formatRequest,
  ),
  textTarget<FieldsRefusal | { readonly kind: "not-utf8" }>({
    ...{ name: "entry", about: "the lines of the public log", seeds: textsIn("entry", "entry/") },
    kinds: fieldsKinds,
    run: canonical(
      (text) => parseEntry(toUtf8(text)),
      (entry) => textIn(formatEntry(entry)),
    ),
  }),
  textTarget<AgreementRefusal>({
    ...{ name: "agreement", about: "agencies' agreements, signed by their supervisor" },
    seeds: [formatAgreement(agency.agreement), ...signedTexts("agreement", "agreement/v1")],
    words: [...textsIn("agreement")].filter((text) => text.length < 60),
    kinds: [
      ...fieldsKinds,
      ...noteKinds,
      "other-agency",
      "no-supervisor",
      "repeated-officer",
      "not-the-next-agreement",
    ],
    run: canonical(signed(supervisor, openFirstAgreement), formatAgreement),
  }),
  textTarget<CustodyRefusal>({
    ...{ name: "custody-word", about: "an officer's word on what became of a release", seeds: [word] },
    kinds: [...fieldsKinds, ...noteKinds],
    run: canonical(
      signed(supervisor, (note) => openCustodyWord(note, agency.agreement.officers)),
      formatCustodyWord,
    ),
  }),
];

function textIn(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  return text.ok ? text.value : "";
}
