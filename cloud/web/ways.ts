import { startAuthentication, startRegistration } from "@simplewebauthn/browser";
import type { Static } from "typebox";
import type { creation, request } from "../api/contract/passkeys.js";
import { ask } from "./call.js";
import { button, element, say, show } from "./dom.js";
import type { WayWords } from "./waywords.js";

/** How somebody comes in on one page. */
export interface Way {
  /** The first words of the side's routes, and of the commands that make what signs in. */
  readonly prefix: string;
  readonly command: string;
  readonly words: WayWords;
  /** What is shown to who is in. */
  enter(answer: unknown): Promise<void>;
}

/** The secret of the link that led here. It goes out of the address at once, and so out of the history. */
export function linkInAddress(): string | undefined {
  const link = /^#add=([a-z2-7]{32})$/.exec(location.hash)?.[1];
  if (location.hash !== "") history.replaceState(undefined, "", location.pathname + location.search);
  return link;
}

export function showSignIn(way: Way): void {
  const { words } = way;
  show(
    words.title,
    element("p", {}, words.lead),
    button(words.withPasskey, () => signIn(way), "main"),
    byWords(way),
    element("h2", {}, words.noneHere),
    howToAdd(way),
  );
}

export function howToAdd({ words, command }: Way): HTMLElement {
  const [before, after] = words.howToAdd;
  return element("p", { class: "quiet" }, before, element("code", {}, `${command} passkey add`), after);
}

/** The other way in: what `passphrase new` showed. */
function byWords(way: Way): HTMLElement {
  const { words } = way;
  const name = field(words.name, {
    ...{ name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false" },
  });
  const seven = field(words.seven, { name: "words", type: "password", autocomplete: "current-password" });
  const code = field(words.code, {
    ...{ name: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "8" },
  });
  const seen = element("input", { type: "checkbox", name: "seen" });
  seen.addEventListener("change", () => {
    seven.input.type = seen.checked ? "text" : "password";
  });
  const said = () => ({ name: name.input.value, words: seven.input.value, code: code.input.value });
  const go = button(words.withWords, () => signInByWords(way, said()));
  const form = element(
    "form",
    {},
    name.label,
    seven.label,
    element("label", { class: "check" }, seen, words.showWords),
    code.label,
    go,
  );
  go.type = "submit";
  form.addEventListener("submit", (event) => event.preventDefault());
  return element("details", {}, element("summary", {}, words.wordsAndCode), form);
}

function field(text: string, attributes: Readonly<Record<string, string>>) {
  const input = element("input", { required: "", ...attributes });
  return { input, label: element("label", {}, text, input) };
}

async function signInByWords(
  { prefix, words, enter }: Way,
  said: { readonly name: string; readonly words: string; readonly code: string },
): Promise<void> {
  if (Object.values(said).some((text) => text.trim() === "")) throw new Error(words.typeAll);
  await enter(await ask({ method: "POST", path: `${prefix}/login/passphrase`, body: said }));
}

async function signIn({ prefix, words, enter }: Way): Promise<void> {
  const path = `${prefix}/login/passkey`;
  const asked = (await ask({ method: "POST", path: `${path}/challenge` })) as Static<typeof request>;
  const optionsJSON = asked.options as Parameters<typeof startAuthentication>[0]["optionsJSON"];
  const response = await startAuthentication({ optionsJSON }).catch(notDone(words));
  await enter(await ask({ method: "POST", path, body: { response } }));
}

export async function showNewPasskey(way: Way, secret: string): Promise<void> {
  const { words } = way;
  const path = `${way.prefix}/login/passkey-link`;
  const asked = (await ask({
    method: "POST",
    path: `${path}/challenge`,
    body: { link: secret },
  })) as Static<typeof creation>;
  const optionsJSON = asked.options as Parameters<typeof startRegistration>[0]["optionsJSON"];
  const make = async (): Promise<void> => {
    const response = await startRegistration({ optionsJSON }).catch(notDone(words));
    await ask({ method: "POST", path, body: { link: secret, response } });
    showSignIn(way);
    say(words.made, "good");
  };
  show(
    `${words.passkeyFor} ${asked.member}`,
    element("p", {}, words.fromThenOn),
    element("p", { class: "quiet" }, `${words.listCallsIt} “${asked.name}”.`),
    button(words.make, make, "main"),
  );
}

/** What browsers say when a person changes their mind, in a sentence. */
function notDone(words: WayWords): (error: unknown) => never {
  return (error) => {
    const name = error instanceof Error ? error.name : "";
    if (name === "InvalidStateError") throw new Error(words.hasOne);
    if (name === "SecurityError") throw new Error(words.wrongAddress);
    if (name === "NotAllowedError" || name === "AbortError") throw new Error(words.stopped);
    throw new Error(words.cannot);
  };
}
