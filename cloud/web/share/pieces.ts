import { refusalIn } from "../call.js";

/** How long it waits before it asks for a piece again, in milliseconds. */
const againMillis: readonly number[] = [500, 2_000, 5_000];

/**
 * One piece of an opened link. Where the connection breaks, or the cloud is away for a moment, it asks again by the same pass:
 * the opening is counted already, and may have been the last one.
 */
export async function fetchPiece(
  path: string,
  pass: string,
  waits = againMillis,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const wait of [...waits, undefined]) {
    const piece = await tryPiece(path, pass);
    if (piece !== undefined) return piece;
    if (wait !== undefined) await new Promise<void>((resume) => setTimeout(resume, wait));
  }
  throw new Error("The connection broke. Load the page again, and try again.");
}

/** `undefined` where trying again may help. */
async function tryPiece(path: string, pass: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const answer = await fetch(path, { headers: { "lintel-look": pass } }).catch(() => undefined);
  if (answer === undefined || answer.status >= 500) return undefined;
  if (!answer.ok) throw refusalIn(await answer.json().catch(() => undefined));
  const bytes = await answer.arrayBuffer().catch(() => undefined);
  return bytes && new Uint8Array(bytes);
}
