import { redact } from "./source.js";

export const lastWordsLines = 20;
export const lastWordsCharacters = 300;

/** The last lines that a child wrote to stderr: bounded whatever it writes, printable, without passwords. */
export class LastWords {
  private readonly kept: string[] = [];
  private open = "";

  push(text: string): void {
    const lines = (this.open + text).split(/[\r\n]+/);
    this.open = (lines.pop() ?? "").slice(0, lastWordsCharacters);
    for (const line of lines.slice(-lastWordsLines)) this.keep(line);
  }

  lines(): readonly string[] {
    return this.open === "" ? [...this.kept] : [...this.kept, tidy(this.open)].slice(-lastWordsLines);
  }

  private keep(line: string): void {
    if (line === "") return;
    this.kept.push(tidy(line));
    if (this.kept.length > lastWordsLines) this.kept.shift();
  }
}

function tidy(line: string): string {
  return redact(line.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?")).slice(0, lastWordsCharacters);
}
