type Child = Node | string;

interface Wanted {
  readonly class?: string;
  readonly onclick?: () => void;
  readonly [attribute: string]: string | (() => void) | undefined;
}

/** An element with its attributes and what is in it. Texts stay texts. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { onclick, ...attributes }: Wanted = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === "string") made.setAttribute(name, value);
  if (onclick !== undefined) made.addEventListener("click", onclick);
  made.append(...children);
  return made;
}

/** The place of the page in which everything is shown. */
function place(): HTMLElement {
  const found = document.getElementById("page");
  if (found === null) throw new Error("the page has no place");
  return found;
}

/** Shows a view and tells those who cannot see it: its heading, the first of the children, takes the focus. */
export function show(title: string, ...children: readonly Child[]): void {
  const heading = element("h1", { tabindex: "-1" }, title);
  place().replaceChildren(heading, ...children);
  document.title = `${title} · Lintel`;
  heading.focus();
}

/** Says something at the top of the view, under its heading, in place of what was said before. */
export function say(text: string, kind: "good" | "warn"): void {
  for (const before of document.querySelectorAll(".said")) before.remove();
  const said = element(
    "p",
    { class: kind === "warn" ? "said warn" : "said", role: kind === "warn" ? "alert" : "status" },
    text,
  );
  place().querySelector("h1")?.after(said);
}

/** A button that is out of use while what it does is under way. What fails is said. */
export function button(text: string, work: () => Promise<void>, look = ""): HTMLButtonElement {
  const made = element("button", { type: "button", class: look }, text);
  made.addEventListener("click", () => {
    made.disabled = true;
    work()
      .catch((error: unknown) => say(error instanceof Error ? error.message : String(error), "warn"))
      .finally(() => {
        made.disabled = false;
      });
  });
  return made;
}
