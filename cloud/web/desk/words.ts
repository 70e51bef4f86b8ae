/** The page's words. */
export interface Words {
  readonly title: string;
  readonly lead: string;
  readonly reload: string;
  readonly changed: string;
  readonly signOut: string;
  readonly signOutEverywhere: string;
  readonly signedOut: string;
  readonly nothing: string;
  readonly done: string;
  readonly since: string;
  readonly until: string;
  readonly callBack: string;
  readonly withKey: string;
  readonly of2: (said: number) => string;
  readonly you: string;
  readonly another: string;
  readonly yours: string;
  readonly emergencies: string;
  readonly processes: string;
  readonly preservations: string;
  readonly accesses: string;
  readonly pressures: string;
  readonly takesEffect: string;
  readonly agencies: string;
  readonly requests: string;
  readonly releases: string;
  readonly agree: string;
  readonly deny: string;
  readonly confirm: string;
  readonly object: string;
  readonly approve: string;
  readonly refuse: string;
  readonly end: string;
  readonly inOrder: string;
  readonly notInOrder: string;
  readonly vet: string;
  readonly turnAway: string;
  readonly reject: string;
  readonly nothingAgainst: string;
  readonly answered: (lines: string) => string;
  readonly reachesNothing: string;
  readonly clips: (count: number) => string;
  readonly child: string;
  readonly terms: string;
  readonly foot: string;
  /** States and closed words. */
  readonly says: Readonly<Record<string, string>>;
}

export const words: Readonly<Record<"en" | "fr", Words>> = {
  en: {
    title: "The desk",
    lead: "What waits for an operator. Here you can look, say no, and agree to what another operator's key began. Everything else takes your own key, at the command line: each card says the command. Nothing here opens a recording.",
    reload: "Reload",
    changed: "Something changed. Reload the list to see it.",
    signOut: "Sign out",
    signOutEverywhere: "Sign out everywhere",
    signedOut: "You are signed out.",
    nothing: "Nothing waits.",
    done: "Done. It stands in the public log where the rules say so.",
    since: "since",
    until: "until",
    callBack: "Call back, at the registry's number only:",
    withKey: "With your own key:",
    of2: (said) => `${said} of 2 operators`,
    you: "you",
    another: "operator",
    yours: "You said the first word. Another operator must say the second.",
    emergencies: "Emergencies",
    processes: "Legal process",
    preservations: "Preservation",
    accesses: "Looks at metadata",
    pressures: "Pressure that households report",
    takesEffect: "takes effect",
    agencies: "Agencies",
    requests: "Requests to moderate",
    releases: "Releases to review",
    agree: "Agree that it is the agency's",
    deny: "Deny",
    confirm: "Confirm",
    object: "Object",
    approve: "Approve",
    refuse: "Refuse",
    end: "End it now",
    inOrder: "It was in order",
    notInOrder: "It was not in order",
    vet: "The agreement is what it says",
    turnAway: "Turn away",
    reject: "Turn down:",
    nothingAgainst: "Nothing speaks against it",
    answered: (lines) => `answers lines ${lines}`,
    reachesNothing: "reaches nothing",
    clips: (count) => (count === 1 ? "1 recording" : `${count} recordings`),
    child: "a child is seen in it",
    terms: "The terms",
    foot: "Two people's rules count people: whoever signs in twice, here and by key, is one. No operator can open a recording, or release one.",
    says: {
      requested: "asked for",
      refused: "refused",
      lapsed: "lapsed",
      active: "active",
      expired: "over, to be reviewed",
      reviewed: "reviewed",
      applied: "to be vetted",
      public: "shown to the public",
      probation: "on probation",
      suspended: "suspended",
      revoked: "revoked",
      compromised: "key lost",
      claimed: "claimed",
      cosigned: "to be called back",
      "called-back": "called back",
      denied: "denied",
      asked: "the household is asked",
      released: "released",
      "not-released": "not released",
      confirmed: "confirmed",
      unconfirmed: "unconfirmed",
      received: "to be called back",
      authenticated: "to be matched",
      produce: "produce",
      reject: "reject",
      challenge: "leave it to a court",
      review: "in review",
      "not-of-this-category": "not of this category",
      "not-of-this-agency": "not this agency's to ask",
      "repeats-another": "repeats another request",
      "not-plausible": "not plausible",
      "threat-to-life": "a threat to life",
      abduction: "an abduction",
      "serious-injury": "a serious injury",
      members: "members",
      cameras: "cameras",
      clips: "recordings' times",
      storage: "storage",
      metadata: "metadata",
      content: "content",
      subpoena: "subpoena",
      "court-order": "court order",
      warrant: "warrant",
      upheld: "upheld",
      "not-upheld": "not upheld",
      "came-to-the-door": "came to the door",
      called: "called",
      wrote: "wrote",
      threatened: "threatened",
      "offered-a-reward": "offered a reward",
      "cited-a-refusal": "cited a refusal",
      other: "something else",
    },
  },
  fr: {
    title: "Le guichet",
    lead: "Ce qui attend un opérateur. Ici vous pouvez regarder, dire non, et approuver ce que la clé d'un autre opérateur a commencé. Tout le reste demande votre propre clé, en ligne de commande : chaque fiche donne la commande. Rien ici n'ouvre un enregistrement.",
    reload: "Recharger",
    changed: "Quelque chose a changé. Rechargez la liste pour le voir.",
    signOut: "Se déconnecter",
    signOutEverywhere: "Se déconnecter partout",
    signedOut: "Vous êtes déconnecté.",
    nothing: "Rien n'attend.",
    done: "C'est fait. Le journal public le dit là où les règles le veulent.",
    since: "depuis le",
    until: "jusqu'au",
    callBack: "Rappelez, au numéro du registre seulement :",
    withKey: "Avec votre propre clé :",
    of2: (said) => `${said} opérateur${said > 1 ? "s" : ""} sur 2`,
    you: "vous",
    another: "opérateur",
    yours: "Vous avez dit le premier mot. Un autre opérateur doit dire le second.",
    emergencies: "Urgences",
    processes: "Actes judiciaires",
    preservations: "Conservation",
    accesses: "Regards sur les métadonnées",
    pressures: "Pressions que des foyers signalent",
    takesEffect: "prend effet",
    agencies: "Services",
    requests: "Demandes à modérer",
    releases: "Remises à examiner",
    agree: "Confirmer qu'elle vient du service",
    deny: "Rejeter",
    confirm: "Confirmer",
    object: "S'opposer",
    approve: "Approuver",
    refuse: "Refuser",
    end: "Y mettre fin",
    inOrder: "C'était en règle",
    notInOrder: "Ce n'était pas en règle",
    vet: "L'accord est ce qu'il dit",
    turnAway: "Écarter",
    reject: "Refuser :",
    nothingAgainst: "Rien ne s'y oppose",
    answered: (lines) => `répond aux lignes ${lines}`,
    reachesNothing: "n'atteint rien",
    clips: (count) => `${count} enregistrement${count > 1 ? "s" : ""}`,
    child: "on y voit un enfant",
    terms: "Les conditions",
    foot: "Les règles à deux comptent des personnes : qui se connecte deux fois, ici et par sa clé, est une seule personne. Aucun opérateur ne peut ouvrir un enregistrement, ni en remettre un.",
    says: {
      requested: "demandé",
      refused: "refusé",
      lapsed: "échu",
      active: "actif",
      expired: "terminé, à examiner",
      reviewed: "examiné",
      applied: "à vérifier",
      public: "présenté au public",
      probation: "à l'épreuve",
      suspended: "suspendu",
      revoked: "révoqué",
      compromised: "clé perdue",
      claimed: "déclarée",
      cosigned: "à rappeler",
      "called-back": "rappelé",
      denied: "rejetée",
      asked: "le foyer est interrogé",
      released: "remis",
      "not-released": "rien remis",
      confirmed: "confirmée",
      unconfirmed: "non confirmée",
      received: "à rappeler",
      authenticated: "à comparer",
      produce: "produire",
      reject: "rejeter",
      challenge: "laisser à un tribunal",
      review: "en examen",
      "not-of-this-category": "hors de cette catégorie",
      "not-of-this-agency": "hors de la compétence du service",
      "repeats-another": "répète une autre demande",
      "not-plausible": "peu plausible",
      "threat-to-life": "un danger de mort",
      abduction: "un enlèvement",
      "serious-injury": "une blessure grave",
      members: "membres",
      cameras: "caméras",
      clips: "heures des enregistrements",
      storage: "stockage",
      metadata: "métadonnées",
      content: "contenu",
      subpoena: "réquisition",
      "court-order": "ordonnance",
      warrant: "mandat",
      upheld: "fondé",
      "not-upheld": "non fondé",
      "came-to-the-door": "est venu à la porte",
      called: "a appelé",
      wrote: "a écrit",
      threatened: "a menacé",
      "offered-a-reward": "a offert une récompense",
      "cited-a-refusal": "a cité un refus",
      other: "autre chose",
    },
  },
};
