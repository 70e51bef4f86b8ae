import type { Millis } from "../kernel/brand.js";
import { utcText } from "../kernel/utc.js";
import { type Hash, hashOfText } from "../seal/hash.js";
import type { Agreement } from "./agreement.js";
import { formatDegrees, middleOf, squareMetres } from "./area.js";
import { type Ask, isClaim } from "./ask.js";
import type { Danger, EmergencyClaim } from "./emergency.js";
import type { AssistanceRequest, Category } from "./request.js";

/** The text by which a household is told of a request or an emergency: the same for every agency, and nothing in it is the agency's own words. */
export type Language = "en" | "fr";
/** Rises with every change of a word below. */
const noticeVersion = 1;

const categories: Readonly<Record<Language, Readonly<Record<Category, string>>>> = {
  en: {
    "missing-or-endangered-person": "a missing or endangered person",
    assault: "an assault",
    burglary: "a burglary",
    theft: "a theft",
    "hit-and-run": "a hit and run",
    arson: "an arson",
    "other-felony": "a felony under",
  },
  fr: {
    "missing-or-endangered-person": "d'une personne disparue ou en danger",
    assault: "d'une agression",
    burglary: "d'un cambriolage",
    theft: "d'un vol",
    "hit-and-run": "d'un délit de fuite",
    arson: "d'un incendie volontaire",
    "other-felony": "d'un crime selon",
  },
};

const dangerWords: Readonly<Record<Language, Readonly<Record<Danger, string>>>> = {
  en: {
    "threat-to-life": "that somebody's life is threatened",
    abduction: "that somebody was abducted",
    "serious-injury": "that somebody is seriously injured",
  },
  fr: {
    "threat-to-life": "que la vie de quelqu'un est menacée",
    abduction: "que quelqu'un a été enlevé",
    "serious-injury": "que quelqu'un est gravement blessé",
  },
};

/** What is asked, in the household's words. Times are UTC. */
export function noticeOf(ask: Ask, agency: Agreement, language: Language): string {
  return isClaim(ask) ? claimNotice(ask, agency, language) : requestNotice(ask, agency, language);
}

function claimNotice(claim: EmergencyClaim, { name }: Agreement, language: Language): string {
  const { camera, file, danger } = claim;
  const window = `${timeText(claim.from)} – ${timeText(claim.to)} UTC`;
  const says = dangerWords[language][danger];
  return language === "en"
    ? `${name} says ${says} and asks for recordings of your camera ${camera}, ${window}, file ${file}. You do not have to answer. If you do not, it is told that nothing was released, and never why. Sharing cannot be undone once downloaded.`
    : `${name} affirme ${says} et demande des enregistrements de votre caméra ${camera}, ${window}, dossier ${file}. Vous n'êtes pas tenu de répondre. Sans réponse, ce service apprend que rien n'a été remis, et jamais pourquoi. Un partage téléchargé ne peut plus être annulé.`;
}

function requestNotice(request: AssistanceRequest, agency: Agreement, language: Language): string {
  const about = [categories[language][request.category], request.statute === "none" ? "" : request.statute];
  const category = about.filter((word) => word !== "").join(" ");
  const window = `${timeText(request.from)} – ${timeText(request.to)} UTC`;
  const place = formatDegrees(middleOf(request.area));
  const hectares = (squareMetres(request.area) / 10_000).toFixed(0);
  const { name } = agency;
  const { file } = request;
  return language === "en"
    ? `${name} asks for recordings from an area of ${hectares} hectares around ${place}, ${window}, about ${category}, file ${file}. You do not have to answer. No one will know if you ignore this. Sharing cannot be undone once downloaded.`
    : `${name} demande des enregistrements, zone de ${hectares} hectares autour de ${place}, ${window}, au sujet ${category}, dossier ${file}. Vous n'êtes pas tenu de répondre. Personne ne saura si vous ignorez cette demande. Un partage téléchargé ne peut plus être annulé.`;
}

/** By which an authorisation names the text that was shown. */
export function noticeHash(ask: Ask, agency: Agreement, language: Language): Hash {
  return hashOfText(`notice/v${noticeVersion}\n${noticeOf(ask, agency, language)}\n`);
}

function timeText(at: Millis): string {
  return utcText(at).slice(0, 16).replace("T", " ");
}
