import type { Millis } from "../kernel/brand.js";
import { utcText } from "../kernel/utc.js";
import type { Language } from "./notice.js";

/** What a household is told of orders about its recordings. */
export const orderNoticeKinds = [
  "preservation",
  "preservation-renewed",
  "preservation-over",
  "legal-process",
  "legal-process-gag-over",
  "legal-process-produced",
  "legal-process-over",
  "emergency",
  "emergency-contacts",
  "emergency-over",
] as const;
export type OrderNoticeKind = (typeof orderNoticeKinds)[number];

/** One camera's window, and what of it the order asks for. */
export interface OrderedItem {
  readonly data: "metadata" | "content";
  /** What the household calls it, or its id. */
  readonly camera: string;
  readonly from: Millis;
  readonly to: Millis;
}

export interface OrderNotice {
  readonly kind: OrderNoticeKind;
  /** The agency's name, as its public agreement has it. */
  readonly agency: string;
  /** The agency's own number. */
  readonly file: string;
  readonly items: readonly OrderedItem[];
  /** Until when an order lasts, or when something is handed over. */
  readonly until?: Millis | undefined;
}

/** The fixed texts: nothing in them is the agency's own words but its name and file number. Times are UTC. */
export function orderNoticeText(notice: OrderNotice, language: Language): string {
  const { kind, agency, file, items, until } = notice;
  const what = items.map((item) => itemText(item, language)).join("; ");
  const day = until === undefined ? "–" : utcText(until).slice(0, 16).replace("T", " ");
  return texts[language][kind]
    .replaceAll("{agency}", () => agency)
    .replaceAll("{file}", () => file)
    .replaceAll("{what}", () => what)
    .replaceAll("{until}", () => day);
}

function itemText({ data, camera, from, to }: OrderedItem, language: Language): string {
  const window = `${shortTime(from)} – ${shortTime(to)} UTC`;
  return `${camera}, ${window} (${dataTexts[language][data]})`;
}

const shortTime = (at: Millis): string => utcText(at).slice(0, 16).replace("T", " ");

const dataTexts: Readonly<Record<Language, Readonly<Record<OrderedItem["data"], string>>>> = {
  en: { metadata: "data about recordings", content: "sealed recordings" },
  fr: { metadata: "données sur les enregistrements", content: "enregistrements scellés" },
};

const texts: Readonly<Record<Language, Readonly<Record<OrderNoticeKind, string>>>> = {
  en: {
    preservation:
      "{agency} (file {file}) had this cloud keep what is sealed there of {what} until {until} UTC. It opens nothing, and nobody but you can. You need not do anything.",
    "preservation-renewed":
      "{agency} (file {file}) had its order renewed, once and for the last time: what is sealed of {what} is kept until {until} UTC.",
    "preservation-over":
      "The order of {agency} (file {file}) over {what} has ended. What it kept beyond your own retention is destroyed.",
    "legal-process":
      "{agency} (file {file}) served legal process on this cloud: {what}. On {until} UTC it is handed what the cloud has of that, sealed, with no key, since the cloud has none. You may ask a court to stop it before; ask a lawyer.",
    "legal-process-gag-over":
      "A court forbade this cloud to tell you until {until} UTC, and today that ends: {agency} (file {file}) served legal process about {what}. What it was handed is sealed, with no key, since the cloud has none.",
    "legal-process-produced":
      "{agency} (file {file}) can now fetch what this cloud has of {what}: sealed, with no key, since the cloud has none.",
    "legal-process-over":
      "The legal process of {agency} (file {file}) about {what} is over; nothing more is handed out.",
    emergency:
      "{agency} (file {file}) says that somebody's life is in danger and asks for {what}. You do not have to answer. Nobody can say yes for you, and the cloud itself hands nothing over. At {until} UTC the agency is told whether you released anything, and never why. Nothing is what silence means.",
    "emergency-contacts":
      "Nobody of you answered the emergency request of {agency} (file {file}), and a contact whom your charter names has looked at {what}. Two contacts together can release parts of it. Your audit says who looked at what. Until {until} UTC each of you can still say no, and take back what was released.",
    "emergency-over": "The emergency request of {agency} (file {file}) about {what} is over.",
  },
  fr: {
    preservation:
      "{agency} (dossier {file}) a fait conserver par ce nuage ce qui y est scellé : {what}, jusqu'au {until} UTC. Cela n'ouvre rien, et personne d'autre que vous ne le peut. Vous n'avez rien à faire.",
    "preservation-renewed":
      "{agency} (dossier {file}) a fait renouveler son ordre, une seule et dernière fois : ce qui est scellé ({what}) est conservé jusqu'au {until} UTC.",
    "preservation-over":
      "L'ordre de {agency} (dossier {file}) sur {what} a pris fin. Ce qu'il conservait au-delà de votre propre durée est détruit.",
    "legal-process":
      "{agency} (dossier {file}) a notifié un acte de procédure à ce nuage : {what}. Le {until} UTC lui est remis ce que le nuage en a, scellé, sans clé, car le nuage n'en a aucune. Vous pouvez demander à un tribunal de l'empêcher avant ; consultez un avocat.",
    "legal-process-gag-over":
      "Un tribunal a interdit à ce nuage de vous informer jusqu'au {until} UTC, et cela prend fin aujourd'hui : {agency} (dossier {file}) a notifié un acte de procédure sur {what}. Ce qui lui a été remis est scellé, sans clé, car le nuage n'en a aucune.",
    "legal-process-produced":
      "{agency} (dossier {file}) peut désormais retirer ce que ce nuage a de {what} : scellé, sans clé, car le nuage n'en a aucune.",
    "legal-process-over":
      "La procédure de {agency} (dossier {file}) sur {what} est close ; plus rien n'est remis.",
    emergency:
      "{agency} (dossier {file}) affirme qu'une vie est en danger et demande {what}. Vous n'êtes pas tenu de répondre. Personne ne peut dire oui à votre place, et le nuage lui-même ne remet rien. Le {until} UTC le service apprend si vous avez remis quelque chose, et jamais pourquoi. Le silence vaut non.",
    "emergency-contacts":
      "Aucun de vous n'a répondu à la demande d'urgence de {agency} (dossier {file}), et un contact que nomme votre charte a consulté {what}. Deux contacts ensemble peuvent en remettre des parties. Votre journal dit qui a consulté quoi. Jusqu'au {until} UTC, chacun de vous peut encore dire non et reprendre ce qui a été remis.",
    "emergency-over": "La demande d'urgence de {agency} (dossier {file}) sur {what} est close.",
  },
};
