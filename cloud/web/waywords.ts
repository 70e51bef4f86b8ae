/** What is said around signing in. */
export interface WayWords {
  readonly title: string;
  readonly lead: string;
  readonly withPasskey: string;
  readonly noneHere: string;
  /** Around the command. */
  readonly howToAdd: readonly [string, string];
  readonly wordsAndCode: string;
  readonly name: string;
  readonly seven: string;
  readonly code: string;
  readonly showWords: string;
  readonly withWords: string;
  readonly typeAll: string;
  readonly passkeyFor: string;
  readonly fromThenOn: string;
  readonly listCallsIt: string;
  readonly make: string;
  readonly made: string;
  readonly hasOne: string;
  readonly wrongAddress: string;
  readonly stopped: string;
  readonly cannot: string;
  readonly isOver: string;
}

export const wayWords: Readonly<Record<"en" | "fr", WayWords>> = {
  en: {
    title: "Sign in",
    lead: "With a passkey: your finger, your face or this device’s PIN. Nothing to remember.",
    withPasskey: "Sign in with a passkey",
    noneHere: "No passkey on this device yet?",
    howToAdd: [
      "On the computer with your keys run ",
      ", and open the link that it shows on the device that gets the passkey. The link works once, for 10 minutes.",
    ],
    wordsAndCode: "Passphrase and code",
    name: "Name",
    seven: "Seven words",
    code: "Code of your authenticator",
    showWords: "Show the words",
    withWords: "Sign in with words and code",
    typeAll: "Type all three: the name, the seven words and the newest code.",
    passkeyFor: "A passkey for",
    fromThenOn:
      "From then on this device signs you in with your finger, your face or its PIN. The passkey never leaves it, or the password manager that keeps it.",
    listCallsIt: "The list of your passkeys will call it",
    make: "Make the passkey",
    made: "The passkey is made. Sign in with it.",
    hasOne: "This device has a passkey here already. Load the page again, and sign in with it.",
    wrongAddress: "Passkeys do not work at this address. Open the page by the cloud’s name, over https.",
    stopped: "It was not done: this device has no passkey for here, or you stopped it. Try again.",
    cannot: "This browser could not do it. Try again, or take another browser.",
    isOver: "You are signed out by now. Load the page again to sign in.",
  },
  fr: {
    title: "Connexion",
    lead: "Avec une clé d’accès : votre doigt, votre visage ou le code de cet appareil. Rien à retenir.",
    withPasskey: "Se connecter avec une clé d’accès",
    noneHere: "Pas encore de clé d’accès sur cet appareil ?",
    howToAdd: [
      "Sur l’ordinateur où sont vos clés, lancez ",
      ", puis ouvrez le lien affiché sur l’appareil qui recevra la clé d’accès. Le lien sert une fois, pendant 10 minutes.",
    ],
    wordsAndCode: "Phrase secrète et code",
    name: "Nom",
    seven: "Sept mots",
    code: "Code de votre application d’authentification",
    showWords: "Afficher les mots",
    withWords: "Se connecter avec les mots et le code",
    typeAll: "Saisissez les trois : le nom, les sept mots et le dernier code.",
    passkeyFor: "Une clé d’accès pour",
    fromThenOn:
      "Désormais cet appareil vous connecte avec votre doigt, votre visage ou son code. La clé d’accès ne le quitte jamais, ni le gestionnaire qui la garde.",
    listCallsIt: "La liste de vos clés d’accès l’appellera",
    make: "Créer la clé d’accès",
    made: "La clé d’accès est créée. Connectez-vous avec elle.",
    hasOne: "Cet appareil a déjà une clé d’accès ici. Rechargez la page et connectez-vous avec elle.",
    wrongAddress:
      "Les clés d’accès ne marchent pas à cette adresse. Ouvrez la page par le nom du cloud, en https.",
    stopped:
      "Rien n’a été fait : cet appareil n’a pas de clé d’accès pour ici, ou vous avez arrêté. Réessayez.",
    cannot: "Ce navigateur n’a pas pu le faire. Réessayez, ou prenez un autre navigateur.",
    isOver: "Vous n’êtes plus connecté. Rechargez la page pour vous reconnecter.",
  },
};
