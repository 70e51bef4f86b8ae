import type { Static } from "typebox";
import type { fault } from "../api/contract/releases.js";
import { type Language, language } from "./cards.js";

const words: Readonly<Record<Language, Readonly<Record<Static<typeof fault>, string>>>> = {
  en: {
    "overdue-disposal": "it owed the disposal of recordings",
    "unconfirmed-emergency": "no court confirmed its emergency",
    "upheld-pressure": "it pressed households",
  },
  fr: {
    "overdue-disposal": "il devait la destruction d'enregistrements",
    "unconfirmed-emergency": "aucun tribunal n'a confirmé son urgence",
    "upheld-pressure": "il a fait pression sur des foyers",
  },
};

/** An agency's state, with what the rules punished by it where they did. */
export function stateAndWhy(state: string, why: Static<typeof fault> | undefined): string {
  const colon = language === "fr" ? " : " : ": ";
  return why === undefined ? state : `${state}${colon}${words[language][why]}`;
}
