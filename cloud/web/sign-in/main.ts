import { startAuthentication, startRegistration } from "@simplewebauthn/browser";
import type { Static } from "typebox";
import type { creation, passkeyList, request } from "../../api/contract/passkeys.js";
import type { passphrase } from "../../api/contract/passphrases.js";
import type { sessionList } from "../../api/contract/sessions.js";
import { ask, Refusal } from "../call.js";
import { button, element, say, show } from "../dom.js";
import { askAsMember, current, forget, keep, type SignedIn } from "./session.js";

type Session = Static<typeof sessionList>["sessions"][number];
type Passphrase = Static<typeof passphrase>;
type Passkey = Static<typeof passkeyList>["passkeys"][number];

/** The secret of the link that led here. It goes out of the address at once, and so out of the history. */
const link = /^#add=([a-z2-7]{32})$/.exec(location.hash)?.[1];
history.replaceState(undefined, "", location.pathname);

start().catch((error: unknown) => {
  show("Sign in");
  say(error instanceof Error ? error.message : String(error), "warn");
});

async function start(): Promise<void> {
  if (link !== undefined) return showNewPasskey(link);
  const session = await current();
  return session === undefined ? showSignIn() : showMember(session);
}

function showSignIn(): void {
  show(
    "Sign in",
    element("p", {}, "With a passkey: your finger, your face or this device’s PIN. Nothing to remember."),
    button("Sign in with a passkey", signIn, "main"),
    otherWay(),
    element("h2", {}, "No passkey on this device yet?"),
    howToAdd(),
  );
}

function howToAdd(): HTMLElement {
  return element(
    "p",
    { class: "quiet" },
    "On the computer with your keys run ",
    element("code", {}, "lintel member passkey add"),
    ", and open the link that it shows on the device that gets the passkey. The link works once, for 10 minutes.",
  );
}

/** The other way in: what `lintel member passphrase new` showed. */
function otherWay(): HTMLElement {
  const name = field("Name", {
    name: "name",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const words = field("Seven words", { name: "words", type: "password", autocomplete: "current-password" });
  const code = field("Code of your authenticator", {
    ...{ name: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "8" },
  });
  const seen = element("input", { type: "checkbox", name: "seen" });
  seen.addEventListener("change", () => {
    words.input.type = seen.checked ? "text" : "password";
  });
  const said = () => ({ name: name.input.value, words: words.input.value, code: code.input.value });
  const go = button("Sign in with words and code", () => signInByWords(said()));
  const form = element(
    "form",
    {},
    name.label,
    words.label,
    element("label", { class: "check" }, seen, "Show the words"),
    code.label,
    go,
  );
  go.type = "submit";
  form.addEventListener("submit", (event) => event.preventDefault());
  return element("details", {}, element("summary", {}, "Passphrase and code"), form);
}

function field(text: string, attributes: Readonly<Record<string, string>>) {
  const input = element("input", { required: "", ...attributes });
  return { input, label: element("label", {}, text, input) };
}

async function signInByWords(said: { name: string; words: string; code: string }): Promise<void> {
  if (Object.values(said).some((text) => text.trim() === ""))
    throw new Error("Type all three: the name, the seven words and the newest code.");
  await showMember(keep(await ask({ method: "POST", path: "/v1/login/passphrase", body: said })));
}

async function signIn(): Promise<void> {
  const path = "/v1/login/passkey";
  const asked = (await ask({ method: "POST", path: `${path}/challenge` })) as Static<typeof request>;
  const optionsJSON = asked.options as Parameters<typeof startAuthentication>[0]["optionsJSON"];
  const response = await startAuthentication({ optionsJSON }).catch(notDone);
  await showMember(keep(await ask({ method: "POST", path, body: { response } })));
}

async function showNewPasskey(secret: string): Promise<void> {
  const path = "/v1/login/passkey-link";
  const asked = (await ask({
    method: "POST",
    path: `${path}/challenge`,
    body: { link: secret },
  })) as Static<typeof creation>;
  const optionsJSON = asked.options as Parameters<typeof startRegistration>[0]["optionsJSON"];
  const make = async (): Promise<void> => {
    const response = await startRegistration({ optionsJSON }).catch(notDone);
    await ask({ method: "POST", path, body: { link: secret, response } });
    showSignIn();
    say("The passkey is made. Sign in with it.", "good");
  };
  show(
    `A passkey for ${asked.member}`,
    element(
      "p",
      {},
      "From then on this device signs you in with your finger, your face or its PIN. The passkey never leaves it, or the password manager that keeps it.",
    ),
    element("p", { class: "quiet" }, `The list of your passkeys will call it “${asked.name}”.`),
    button("Make the passkey", make, "main"),
  );
}

/** What browsers say when a person changes their mind, in a sentence. */
function notDone(error: unknown): never {
  const name = error instanceof Error ? error.name : "";
  if (name === "InvalidStateError")
    throw new Error("This device has a passkey here already. Load the page again, and sign in with it.");
  if (name === "SecurityError")
    throw new Error("Passkeys do not work at this address. Open the page by the cloud’s name, over https.");
  if (name === "NotAllowedError" || name === "AbortError")
    throw new Error("It was not done: this device has no passkey for here, or you stopped it. Try again.");
  throw new Error("This browser could not do it. Try again, or take another browser.");
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
    element("p", { class: "quiet" }, "To add one: ", ...howToAdd().childNodes),
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
  forget();
  showSignIn();
  say(sentence, "good");
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
