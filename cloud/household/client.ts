/** What a client may call itself, in characters. */
const clientCharsMax = 80;

/** What browsers call themselves holds the names of their ancestors: the first that fits is it. */
const browsers = [
  ["Edg", "Edge"],
  ["OPR", "Opera"],
  ["Firefox", "Firefox"],
  ["FxiOS", "Firefox"],
  ["CriOS", "Chrome"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
] as const;
const systems = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "Mac"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
] as const;

/** What a client calls itself in its User-Agent, fit to be kept and shown; a browser in the words of its person. */
export function clientName(userAgent: string): string {
  const printable = userAgent.replace(/[^\x20-\x7e]/g, "").trim();
  const browser = printable.startsWith("Mozilla/") ? nameIn(browsers, printable) : undefined;
  if (browser === undefined) return printable.slice(0, clientCharsMax) || "unknown";
  const system = nameIn(systems, printable);
  return system === undefined ? browser : `${browser} on ${system}`;
}

function nameIn(names: readonly (readonly [string, string])[], text: string): string | undefined {
  return names.find(([word]) => text.includes(word))?.[1];
}
