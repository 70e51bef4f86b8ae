/** Stops when we are wrong, in production too: the board restarts or the request fails; nothing is guessed. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Lintel has a bug: ${message}. Please report it with the log.`);
}

/** The end of an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new Error(`Lintel has a bug: unexpected ${JSON.stringify(value)}. Please report it with the log.`);
}
