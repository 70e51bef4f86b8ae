import { utcText } from "../kernel/utc.js";
import { nameOf } from "./ask.js";
import type { Facts } from "./facts.js";
import { noticeOf } from "./notice.js";

/** A consent record with the fields of ISO/IEC TS 27560:2023. It adds nothing to what was signed; the note is what counts. */
export function isoRecord(facts: Facts): string {
  const { authorisation: said, request, agreement, signers, words } = facts;
  return json({
    schema: "ISO/IEC TS 27560:2023",
    record: { record_id: said.record, schema_version: "1", pii_principal_id: said.household },
    notice: {
      notice_hash: said.notice,
      notice_language: said.language,
      notice_text: noticeOf(request, agreement, said.language),
    },
    processing: {
      purpose: said.purpose,
      lawful_basis: said.basis,
      pii: said.clips.map(({ clip, camera, from, to, audio, sha256 }) => ({
        ...{ type: audio ? "video and sound" : "video", clip, camera },
        ...{ from: utcText(from), to: utcText(to), sha256, redactions: "none" },
      })),
      third_parties_visible: said.thirdParties,
      child_visible: said.child,
      recipients: [{ id: agreement.agency, name: agreement.name, key: said.recipient }],
      retention: `${said.keep / dayMillis} days after receipt`,
      jurisdiction: said.jurisdiction,
      withdrawal_method:
        "by the household's own client; once it was downloaded the agency is asked to dispose of it",
      request: { request_id: said.request, hash: said.requestHash, file: request.file },
      window: { from: utcText(request.from), to: utcText(request.to) },
      expires: utcText(said.expires),
    },
    parties: {
      pii_principals: isContacts(facts)
        ? words.map(({ member: id }) => ({ id, signed: false }))
        : signers.map(({ id }) => ({ id, signed: true })),
      ...(isContacts(facts) && { contacts: signers.map(({ id }) => ({ id, signed: true })) }),
      pii_controllers: [{ id: agreement.agency, name: agreement.name, phone: agreement.phone }],
    },
    events: [
      { event: "requested", at: utcText(request.submitted) },
      { event: isContacts(facts) ? "answered by contacts" : "consent given", at: utcText(said.signed) },
      { event: "in force", at: utcText((said.signed + said.hold) as typeof said.signed) },
    ],
  });
}

/** They answer for owners who did not: that is no consent of theirs. */
const isContacts = ({ authorisation }: Pick<Facts, "authorisation">): boolean =>
  authorisation.basis === "contacts";

/** The same in the W3C Data Privacy Vocabulary, as JSON-LD. */
export function dpvRecord({ authorisation: said, request, agreement }: Facts): string {
  return json({
    "@context": {
      dpv: "https://w3id.org/dpv#",
      dct: "http://purl.org/dc/terms/",
      xsd: "http://www.w3.org/2001/XMLSchema#",
    },
    "@id": `urn:uuid:${said.record}`,
    "@type": "dpv:ConsentRecord",
    "dct:identifier": said.record,
    "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
    "dpv:hasConsentStatus": {
      "@id": isContacts({ authorisation: said }) ? "dpv:ConsentUnknown" : "dpv:ConsentGiven",
    },
    "dpv:isIndicatedAtTime": { "@type": "xsd:dateTime", "@value": utcText(said.signed) },
    "dpv:hasLegalBasis": {
      "@id": isContacts({ authorisation: said }) ? "dpv:VitalInterest" : "dpv:ExplicitlyExpressedConsent",
    },
    "dpv:hasDataSubject": { "@id": `urn:lintel:household:${said.household}` },
    "dpv:hasDataController": {
      "@id": `urn:lintel:agency:${agreement.agency}`,
      "@type": "dpv:DataController",
      "dpv:hasName": agreement.name,
    },
    "dpv:hasNotice": {
      "@type": "dpv:ConsentNotice",
      "dct:identifier": said.notice,
      "dct:language": said.language,
    },
    "dpv:hasPurpose": { "@type": "dpv:Purpose", "dct:title": said.purpose, "dct:identifier": request.file },
    "dpv:hasProcessing": [{ "@id": "dpv:Disclose" }, { "@id": "dpv:Store" }],
    "dpv:hasPersonalData": said.clips.map(({ clip, from, to, audio, sha256 }) => ({
      "@id": `urn:uuid:${clip}`,
      "@type": "dpv:PersonalData",
      "dct:format": audio ? "video and sound" : "video",
      "dct:temporal": `${utcText(from)}/${utcText(to)}`,
      "dct:identifier": `sha256:${sha256}`,
    })),
    "dpv:hasStorageCondition": {
      "@type": "dpv:StorageDuration",
      "dpv:hasDuration": { "@type": "xsd:duration", "@value": `P${said.keep / dayMillis}D` },
    },
    "dpv:hasJurisdiction": said.jurisdiction,
    "dct:valid": { "@type": "xsd:dateTime", "@value": utcText(said.expires) },
  });
}

/** The same as a Kantara Initiative consent receipt, v1.1. */
export function kantaraRecord({ authorisation: said, request, agreement }: Facts): string {
  const categories = said.clips.some(({ audio }) => audio) ? ["Video", "Sound"] : ["Video"];
  return json({
    version: "KI-CR-v1.1.0",
    jurisdiction: said.jurisdiction,
    consentTimestamp: Math.floor(said.signed / 1_000),
    collectionMethod: "signed note (authorisation.note)",
    consentReceiptID: said.record,
    publicKey: said.recipient,
    language: said.language,
    piiPrincipalId: said.household,
    piiControllers: [
      {
        ...{ piiController: agreement.name, onBehalf: false, contact: agreement.name },
        ...{ address: agreement.jurisdiction, email: "none", phone: agreement.phone },
      },
    ],
    policyUrl: "terms.txt",
    services: [
      {
        service: nameOf(request),
        purposes: [
          {
            ...{ purpose: said.purpose, purposeCategory: ["Law enforcement request"] },
            ...{ consentType: "EXPLICIT", piiCategory: categories, primaryPurpose: true },
            ...{ termination: `${said.keep / dayMillis} days after receipt`, thirdPartyDisclosure: false },
          },
        ],
      },
    ],
    sensitive: said.thirdParties || said.child,
    spiCat: [...(said.thirdParties ? ["Third parties"] : []), ...(said.child ? ["Child"] : [])],
  });
}

const dayMillis = 24 * 60 * 60_000;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
