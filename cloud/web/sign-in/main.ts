import type { Static } from "typebox";
import type { passkeyList, signedInBrowser } from "../../api/contract/passkeys.js";
import type { passphrase } from "../../api/contract/passphrases.js";
import type { sessionList } from "../../api/contract/sessions.js";
import { Refusal } from "../call.js";
import { button, element, say, show } from "../dom.js";
import { openSession } from "../session.js";
import { howToAdd, linkInAddress, showNewPasskey, showSignIn, type Way } from "../ways.js";
import { wayWords } from "../waywords.js";

type SignedIn = Static<typeof signedInBrowser>;
type Session = Static<typeof sessionList>["sessions"][number];
type Passphrase = Static<typeof passphrase>;
type Passkey = Static<typeof passkeyList>["passkeys"][number];

const session = openSession<SignedIn>("/v1", wayWords.en.isOver);
const askAsMember = session.ask;
const way: Way = {
  ...{ prefix: "/v1", command: "lintel member", words: wayWords.en },
  enter: async (answer) => showMember(session.keep(answer)),
};
const link = linkInAddress();

start().catch((error: unknown) => {
  show("Sign in");
  say(error instanceof Error ? error.message : String(error), "warn");
});

async function start(): Promise<void> {
  if (link !== undefined) return showNewPasskey(way, link);
  const signedIn = await session.current();
  return signedIn === undefined ? showSignIn(way) : showMember(signedIn);
}

async function showMember(member: SignedIn): Promise<void> {
  const [{ sessions }, { passkeys }, words] = await Promise.all([
    askAsMember({ method: "GET", path: "/v1/sessions" }) as Promise<{ sessions: Session[] }>,
    askAsMember({ method: "GET", path: "/v1/passkeys" }) as Promise<{ passkeys: Passkey[] }>,
    passphraseOf(),
  ]);
  const again = () => showMember(member);
  show(
    member.name,
    element("p", { class: "quiet" }, `Signed in as ${member.role} of household ${member.household}.`),
    element("h2", {}, "Where you are signed in"),
    element("ul", { class: "cards" }, ...sessions.map((one) => sessionItem(one, again))),
    element("div", { class: "row" }, button("Sign out everywhere", signOutEverywhere, "danger")),
    element("h2", {}, "Your passkeys"),
    passkeys.length === 0
      ? element("p", { class: "quiet" }, "None yet.")
      : element("ul", { class: "cards" }, ...passkeys.map((one) => passkeyItem(one, again))),
    element("p", { class: "quiet" }, "To add one: ", ...howToAdd(way).childNodes),
    element("h2", {}, "Passphrase and code"),
    words === undefined ? howToGetWords() : element("ul", { class: "cards" }, passphraseItem(words, again)),
  );
}

function sessionItem({ id, how, client, usedAt, current: here }: Session, again: () => Promise<void>) {
  const end = async (): Promise<void> => {
    await askAsMember({ method: "DELETE", path: `/v1/sessions/${id}` });
    if (here) return signedOut("You are signed out.");
    await again();
    say("That session is over, everywhere.", "good");
  };
  const out = button("Sign out", end, "small");
  out.setAttribute("aria-label", here ? "Sign out here" : `Sign out ${client}`);
  return element(
    "li",
    {},
    element(
      "span",
      { class: "what" },
      element("strong", {}, here ? `${client}, this one` : client),
      element("span", { class: "quiet" }, `with ${ways[how] ?? how}, last used ${timeOf(usedAt)}`),
    ),
    out,
  );
}

const ways: Readonly<Record<string, string>> = {
  key: "your key",
  passkey: "a passkey",
  passphrase: "words and code",
};

function passkeyItem({ id, name, usedAt }: Passkey, again: () => Promise<void>) {
  const remove = async (): Promise<void> => {
    await askAsMember({ method: "DELETE", path: `/v1/passkeys/${id}` });
    await again();
    say(`“${name}” signs nobody in any more. Delete it on its device, too.`, "good");
  };
  const out = button("Remove", remove, "small danger");
  out.setAttribute("aria-label", `Remove ${name}`);
  const used = usedAt === undefined ? "never used" : `last used ${timeOf(usedAt)}`;
  return element(
    "li",
    {},
    element(
      "span",
      { class: "what" },
      element("strong", {}, name),
      element("span", { class: "quiet" }, used),
    ),
    out,
  );
}

/** Nothing where the member has none. */
async function passphraseOf(): Promise<Passphrase | undefined> {
  try {
    return (await askAsMember({ method: "GET", path: "/v1/passphrase" })) as Passphrase;
  } catch (error) {
    if (error instanceof Refusal && error.kind === "not-there") return undefined;
    throw error;
  }
}

function howToGetWords(): HTMLElement {
  return element(
    "p",
    { class: "quiet" },
    "For a device that can keep no passkey: run ",
    element("code", {}, "lintel member passphrase new"),
    " on the computer with your keys.",
  );
}

function passphraseItem({ name, usedAt }: Passphrase, again: () => Promise<void>) {
  const remove = async (): Promise<void> => {
    await askAsMember({ method: "DELETE", path: "/v1/passphrase" });
    await again();
    say("The words sign nobody in any more.", "good");
  };
  const out = button("Remove", remove, "small danger");
  out.setAttribute("aria-label", "Remove the passphrase");
  const used = usedAt === undefined ? "never used" : `last used ${timeOf(usedAt)}`;
  return element(
    "li",
    {},
    element(
      "span",
      { class: "what" },
      element("strong", {}, `Name ${name}`),
      element("span", { class: "quiet" }, used),
    ),
    out,
  );
}

async function signOutEverywhere(): Promise<void> {
  await askAsMember({ method: "DELETE", path: "/v1/sessions" });
  signedOut("You are signed out, everywhere.");
}

function signedOut(sentence: string): void {
  session.forget();
  showSignIn(way);
  say(sentence, "good");
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
