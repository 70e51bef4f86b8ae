import { textOf } from "../../../shared/seal/note.js";
import { parseCheckpoint } from "../../../shared/tlog/checkpoint.js";
import { parseProof, verifyProof } from "../../../shared/tlog/proof.js";
import { parseBundle, tileWidth } from "../../../shared/tlog/tiles.js";
import { Problem } from "../http.io.js";
import { Refused } from "../refused.js";
import type { Terminal } from "../terminal.io.js";
import { type LogOptions, unlessAway } from "./audit.io.js";
import { openMemory } from "./memory.io.js";
import { type LogSite, logSite } from "./site.io.js";

/** Fetches an entry and its proof, and shows them where the proof holds. */
export async function showProof(
  { server, policy: file, state, index }: LogOptions & { readonly index: number },
  terminal: Terminal,
): Promise<void> {
  await unlessAway(terminal, async () => {
    const site = logSite(server);
    const { policy } = await openMemory(site, state, file);
    const proof = await site.proof(index).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 404) throw notThere(index);
      throw error;
    });
    const bytes = await entryAt(
      site,
      index,
      parseCheckpoint(textOf(parseProof(proof)?.checkpoint ?? ""))?.size ?? 0,
    );
    const verified = verifyProof(proof, bytes, policy);
    if (!verified.ok)
      throw new Refused(
        `The proof of entry ${index} does not hold (${verified.error.kind}): do not believe it.`,
      );
    const entry = new TextDecoder().decode(bytes);
    terminal.json({ event: "proven", index, entry, proof });
    terminal.say(entry);
    terminal.say(proof.trimEnd());
  });
}

async function entryAt(site: LogSite, index: number, size: number): Promise<Uint8Array> {
  const tile = Math.floor(index / tileWidth);
  const width = Math.min(size - tile * tileWidth, tileWidth);
  const bundle = width > 0 ? await site.tile({ level: "entries", index: tile, width }) : undefined;
  const entry = bundle && parseBundle(bundle)?.[index % tileWidth];
  if (entry === undefined) throw notThere(index);
  return entry;
}

function notThere(index: number): Refused {
  return new Refused(`The log shows no entry ${index}. Its newest checkpoint says how many it has.`);
}
