import type { Millis } from "../kernel/brand.js";
import { utcText } from "../kernel/utc.js";
import { type Hash, hashOfText } from "../seal/hash.js";
import type { Agreement } from "./agreement.js";
import { formatDegrees, middleOf, squareMetres } from "./area.js";
import type { AssistanceRequest, Category } from "./request.js";

/** The text by which a household is told of a request: the same for every agency, and nothing in it is the agency's own words. */
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

/** The request in the household's words. Times are UTC. */
export function noticeOf(request: AssistanceRequest, agency: Agreement, language: Language): string {
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
export function noticeHash(request: AssistanceRequest, agency: Agreement, language: Language): Hash {
  return hashOfText(`notice/v${noticeVersion}\n${noticeOf(request, agency, language)}\n`);
}

function timeText(at: Millis): string {
  return utcText(at).slice(0, 16).replace("T", " ");
}
