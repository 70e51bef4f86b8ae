/** The board's three wires: real ones, or a socket that stands in. */
export interface Lines {
  /** For people: what stands behind it. */
  readonly described: string;
  set(line: "light" | "chime", on: boolean): void;
  /** Resolves when light and chime were put off, or could not be. */
  close(): Promise<void>;
}

export interface LinesHandlers {
  readonly edge: (edge: "down" | "up") => void;
  /** A wire does not do what it should. */
  readonly trouble: (line: "button" | "light" | "chime", why: string) => void;
}
