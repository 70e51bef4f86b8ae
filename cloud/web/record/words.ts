/** The page's words. */
export interface Words {
  readonly title: string;
  readonly lead: string;
  readonly named: string;
  readonly nobody: string;
  readonly overdue: string;
  readonly agencies: string;
  readonly noAgency: string;
  readonly requests: string;
  readonly noRequest: string;
  readonly history: string;
  readonly logged: string;
  readonly more: string;
  readonly since: string;
  readonly terms: string;
  readonly callBack: string;
  readonly mayAskFrom: string;
  readonly people: string;
  readonly territory: string;
  readonly roles: Readonly<Record<"officer" | "supervisor", string>>;
  readonly verify: string;
  readonly verifyLead: string;
  readonly verifyTail: string;
  readonly files: string;
  readonly foot: string;
  readonly states: Readonly<Record<string, string>>;
}

export const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    title: "The public record",
    lead: "Who may ask the people of this cloud for recordings, what they asked, and what became of it. Nothing here is ever changed or removed. Nobody, here or elsewhere, learns who answered, who refused, or who was away.",
    named: "Named",
    nobody: "No agency is overdue, suspended or on probation.",
    overdue: "owes the disposal of recordings",
    agencies: "Agencies",
    noAgency: "No agency has applied to this cloud.",
    requests: "Requests",
    noRequest: "Nothing has been asked for on this cloud.",
    history: "History",
    logged: "log",
    more: "Show more",
    since: "since",
    terms: "The terms it agreed to",
    callBack: "Telephone in the public registry:",
    mayAskFrom: "may ask from",
    people: "Who signs for it",
    territory: "Where it may ask",
    roles: { officer: "officer", supervisor: "supervisor" },
    verify: "Do not believe this page",
    verifyLead:
      "Each step above stands in a public log that only grows, and that witnesses elsewhere cosign where the cloud names any. With the lintel command anybody checks the whole log, and that this record says the same:",
    verifyTail:
      "The number behind each step is its place in that log; behind it is the proof, which tools written elsewhere verify, too (C2SP tlog-proof).",
    files: "The whole record as files:",
    foot: "Requests are published by a fixed template: nobody's own words, and no map of anybody's home.",
    states: {
      applied: "applied",
      public: "shown to the public",
      active: "active",
      probation: "on probation",
      suspended: "suspended",
      revoked: "revoked",
      compromised: "key lost",
      rejected: "turned down",
      review: "in review",
      published: "open",
      resolved: "resolved",
      withdrawn: "withdrawn",
      closed: "closed",
      frozen: "frozen",
      "not-of-this-category": "not of this category",
      "not-of-this-agency": "not this agency's to ask",
      "repeats-another": "repeats another request",
      "not-plausible": "not plausible",
      "wrong-time": "erratum: the time was wrong",
      "wrong-area": "erratum: the area was wrong",
      "wrong-category": "erratum: the category was wrong",
    },
  },
  fr: {
    title: "Le registre public",
    lead: "Qui peut demander des enregistrements aux habitants de ce cloud, ce qui a été demandé, et ce qu'il en est advenu. Rien ici n'est jamais modifié ni retiré. Personne, ici ou ailleurs, n'apprend qui a répondu, qui a refusé ou qui était absent.",
    named: "Signalés",
    nobody: "Aucun service n'est en retard, suspendu ou mis à l'épreuve.",
    overdue: "n'a pas attesté la destruction d'enregistrements",
    agencies: "Services",
    noAgency: "Aucun service ne s'est présenté à ce cloud.",
    requests: "Demandes",
    noRequest: "Rien n'a été demandé sur ce cloud.",
    history: "Historique",
    logged: "journal",
    more: "Afficher la suite",
    since: "depuis le",
    terms: "Les conditions acceptées",
    callBack: "Téléphone au registre public :",
    mayAskFrom: "pourra demander à partir du",
    people: "Qui signe pour ce service",
    territory: "Où il peut demander",
    roles: { officer: "agent", supervisor: "responsable" },
    verify: "Ne croyez pas cette page",
    verifyLead:
      "Chaque étape ci-dessus figure dans un journal public qui ne fait que croître et que des témoins cosignent ailleurs, si le service en nomme. Avec la commande lintel, chacun vérifie tout le journal, et que ce registre dit la même chose :",
    verifyTail:
      "Le numéro de chaque étape est sa place dans ce journal ; il mène à la preuve, que d'autres outils vérifient aussi (C2SP tlog-proof).",
    files: "Tout le registre en fichiers :",
    foot: "Les demandes sont publiées selon un modèle fixe : sans texte libre, et sans carte du domicile de quiconque.",
    states: {
      applied: "candidat",
      public: "présenté au public",
      active: "actif",
      probation: "à l'épreuve",
      suspended: "suspendu",
      revoked: "révoqué",
      compromised: "clé perdue",
      rejected: "écarté",
      review: "en examen",
      published: "ouverte",
      resolved: "résolue",
      withdrawn: "retirée",
      closed: "close",
      frozen: "gelée",
      "not-of-this-category": "hors de cette catégorie",
      "not-of-this-agency": "hors de la compétence du service",
      "repeats-another": "répète une autre demande",
      "not-plausible": "peu plausible",
      "wrong-time": "erratum : l'heure était fausse",
      "wrong-area": "erratum : la zone était fausse",
      "wrong-category": "erratum : la catégorie était fausse",
    },
  },
};
