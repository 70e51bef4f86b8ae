/** The page's words. */
export interface Words {
  readonly title: string;
  readonly lead: string;
  readonly reload: string;
  readonly signOut: string;
  readonly signOutEverywhere: string;
  readonly signedOut: string;
  readonly nothing: string;
  readonly since: string;
  readonly until: string;
  readonly withKey: string;
  readonly agreement: string;
  readonly publicSince: string;
  readonly people: string;
  readonly terms: string;
  readonly maySign: string;
  readonly mayNot: string;
  readonly newRequest: string;
  readonly emergencies: string;
  readonly requests: string;
  readonly releases: string;
  readonly processes: string;
  readonly preservations: string;
  readonly released: string;
  readonly noReceipt: string;
  readonly wait: string;
  readonly lost: string;
  readonly lostLead: string;
  readonly lostSure: string;
  readonly lostGo: string;
  readonly lostDone: string;
  readonly foot: string;
  readonly says: Readonly<Record<string, string>>;
}

export const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    title: "The agency",
    lead: "What your agency asked for, and what it owes. This page shows; whatever is signed takes your own key, at the command line, and each card says the command. Nobody learns here who refused, who ignored a request, or who was away.",
    reload: "Reload",
    signOut: "Sign out",
    signOutEverywhere: "Sign out everywhere",
    signedOut: "You are signed out.",
    nothing: "Nothing.",
    since: "since",
    until: "until",
    withKey: "With your own key:",
    agreement: "The agreement",
    publicSince: "The public has seen it since",
    people: "Who speaks for it",
    terms: "The terms",
    maySign: "It may ask.",
    mayNot: "It may begin nothing now.",
    newRequest: "A new request, signed by an officer and a supervisor:",
    emergencies: "Emergencies",
    requests: "Requests",
    releases: "Released to the agency",
    processes: "Legal process",
    preservations: "Preservation",
    released: "Received under request",
    noReceipt: "no receipt came in time",
    wait: "A moderator looks at it first.",
    lost: "A key is lost",
    lostLead:
      "Whoever holds an officer's key can sign as them. This ends all keys, requests and packages of the agency, at once and for good; it then applies anew. It takes no key, since yours may be the lost one.",
    lostSure: "I know that this cannot be taken back.",
    lostGo: "End everything of the agency",
    lostDone: "Everything of the agency has ended, and so has this session.",
    foot: "There is no way from here to a household: a request is public, made from a fixed text, and answered by whoever wants to.",
    says: {
      officer: "officer",
      supervisor: "supervisor",
      applied: "being vetted",
      public: "shown to the public",
      active: "active",
      probation: "on probation",
      suspended: "suspended",
      revoked: "revoked",
      review: "in review",
      published: "open",
      resolved: "resolved",
      withdrawn: "withdrawn",
      rejected: "turned down",
      closed: "closed",
      frozen: "frozen",
      available: "to be fetched",
      retrieved: "receipt due",
      custody: "kept",
      "disposal-asked": "disposal due",
      attested: "disposed of",
      retained: "retained for a court",
      overdue: "overdue, named in public",
      claimed: "waits for a supervisor",
      cosigned: "you will be called back",
      "called-back": "called back",
      denied: "denied",
      asked: "under way",
      "not-released": "not released",
      released: "released",
      confirmed: "confirmed",
      unconfirmed: "unconfirmed",
      unanswered: "nobody answered the call",
      lapsed: "lapsed",
      purged: "gone",
      converted: "converted",
      received: "you will be called back",
      authenticated: "being matched",
      scoped: "answered",
      narrowed: "answered in part",
      challenged: "left to a court",
      produced: "to be fetched",
      "nothing-held": "nothing is held",
      "threat-to-life": "a threat to life",
      abduction: "an abduction",
      "serious-injury": "a serious injury",
      subpoena: "subpoena",
      "court-order": "court order",
      warrant: "warrant",
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
    title: "Le service",
    lead: "Ce que votre service a demandé, et ce qu'il doit. Cette page montre ; tout ce qui est signé demande votre propre clé, en ligne de commande, et chaque fiche donne la commande. Personne n'apprend ici qui a refusé, qui a ignoré une demande ou qui était absent.",
    reload: "Recharger",
    signOut: "Se déconnecter",
    signOutEverywhere: "Se déconnecter partout",
    signedOut: "Vous êtes déconnecté.",
    nothing: "Rien.",
    since: "depuis le",
    until: "jusqu'au",
    withKey: "Avec votre propre clé :",
    agreement: "L'accord",
    publicSince: "Le public le voit depuis le",
    people: "Qui parle pour lui",
    terms: "Les conditions",
    maySign: "Il peut demander.",
    mayNot: "Il ne peut rien commencer pour l'instant.",
    newRequest: "Une nouvelle demande, signée par un agent et un responsable :",
    emergencies: "Urgences",
    requests: "Demandes",
    releases: "Remis au service",
    processes: "Actes judiciaires",
    preservations: "Conservation",
    released: "Reçu au titre de la demande",
    noReceipt: "aucun reçu n'est venu à temps",
    wait: "Un modérateur la regarde d'abord.",
    lost: "Une clé est perdue",
    lostLead:
      "Qui détient la clé d'un agent peut signer à sa place. Ceci met fin à toutes les clés, demandes et remises du service, tout de suite et pour toujours ; il se présente alors de nouveau. Aucune clé n'est demandée, puisque la vôtre est peut-être la clé perdue.",
    lostSure: "Je sais que c'est irrévocable.",
    lostGo: "Mettre fin à tout",
    lostDone: "Tout ce qui est du service a pris fin, et cette session aussi.",
    foot: "Aucun chemin ne mène d'ici à un foyer : une demande est publique, faite d'un texte fixe, et y répond qui le veut.",
    says: {
      officer: "agent",
      supervisor: "responsable",
      applied: "en vérification",
      public: "présenté au public",
      active: "actif",
      probation: "à l'épreuve",
      suspended: "suspendu",
      revoked: "révoqué",
      review: "en examen",
      published: "ouverte",
      resolved: "résolue",
      withdrawn: "retirée",
      rejected: "refusée",
      closed: "close",
      frozen: "gelée",
      available: "à récupérer",
      retrieved: "reçu attendu",
      custody: "conservé",
      "disposal-asked": "destruction attendue",
      attested: "détruit",
      retained: "retenu pour un tribunal",
      overdue: "en retard, nommé en public",
      claimed: "attend un responsable",
      cosigned: "vous serez rappelé",
      "called-back": "rappelé",
      denied: "rejetée",
      asked: "en cours",
      "not-released": "rien remis",
      released: "remis",
      confirmed: "confirmée",
      unconfirmed: "non confirmée",
      unanswered: "personne n'a répondu à l'appel",
      lapsed: "échue",
      purged: "disparue",
      converted: "convertie",
      received: "vous serez rappelé",
      authenticated: "en comparaison",
      scoped: "répondu",
      narrowed: "répondu en partie",
      challenged: "laissé à un tribunal",
      produced: "à récupérer",
      "nothing-held": "rien n'est détenu",
      "threat-to-life": "un danger de mort",
      abduction: "un enlèvement",
      "serious-injury": "une blessure grave",
      subpoena: "réquisition",
      "court-order": "ordonnance",
      warrant: "mandat",
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
