import { element } from "./dom.js";

// What the pages with lists share: their language, and the parts of a card.

export type Language = "en" | "fr";

/** `?lang=fr`, else the browser's own. */
export const language: Language = languageOf();

function languageOf(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? navigator.language.slice(0, 2);
  return asked === "fr" ? "fr" : "en";
}

/** Says the page's language, and offers the other one. */
export function setLanguage(foot: string): void {
  const link = (code: Language, text: string): HTMLElement =>
    element(
      "a",
      { href: `?lang=${code}`, lang: code, ...(code === language && { "aria-current": "true" }) },
      text,
    );
  const links = element("nav", { class: "languages" }, link("en", "English"), " · ", link("fr", "Français"));
  document.documentElement.lang = language;
  document.querySelector(".beam")?.append(links);
  document.getElementById("foot")?.replaceChildren(foot);
}

export function heading(text: string, ...parts: readonly HTMLElement[]): readonly HTMLElement[] {
  return [element("h2", {}, text), ...parts];
}

/** Cards, or a sentence where there are none. */
export function cardList(cards: readonly HTMLElement[], none: string): HTMLElement {
  return cards.length === 0 ? quiet(none) : element("ul", { class: "cards" }, ...cards);
}

export function head(name: string, ...more: readonly HTMLElement[]): HTMLElement {
  return element("div", { class: "head" }, element("strong", {}, name), ...more);
}

export function badge(text: string, look = ""): HTMLElement {
  return element("span", { class: `state ${look}` }, text);
}

export function quiet(text: string): HTMLElement {
  return element("p", { class: "quiet" }, text);
}

/** What is to be typed where the keys are. */
export function command(lead: string, text: string): HTMLElement {
  return element("div", { class: "command" }, quiet(lead), element("pre", { tabindex: "0" }, text));
}

export function dayOf(at: string): string {
  return new Date(at).toLocaleDateString(language, { dateStyle: "long" });
}

export function timeOf(at: string): string {
  return new Date(at).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

const minute = 60_000;
const units = [
  ["day", 24 * 60 * minute],
  ["hour", 60 * minute],
  ["minute", minute],
] as const;

/** A moment, and how far away it is: "in 12 minutes". */
export function clockOf(at: string): HTMLElement {
  const away = Date.parse(at) - Date.now();
  const [unit, size] =
    units.find(([, millis]) => Math.abs(away) >= 2 * millis) ?? (["minute", minute] as const);
  const far = new Intl.RelativeTimeFormat(language).format(Math.round(away / size), unit);
  return element("time", { datetime: at }, `${timeOf(at)} (${far})`);
}
