import { createHash } from "node:crypto";
import type { ReleaseId } from "../../shared/kernel/ids.js";
import type { Hash } from "../../shared/seal/hash.js";
import { LogFiles } from "../tlog/files.io.js";

/** Sealed packages, piece by piece. The cloud cannot open them. */
export interface Escrow {
  /** Durable when it resolves; replaces what was there. */
  put(release: ReleaseId, index: number, piece: Uint8Array): Promise<void>;
  piece(release: ReleaseId, index: number): Promise<Uint8Array | undefined>;
  /** Over all pieces in their order; `undefined` while one is missing. */
  hash(release: ReleaseId, pieces: number): Promise<Hash | undefined>;
  /** Nothing of it is left when it resolves. */
  destroy(release: ReleaseId): Promise<void>;
}

export function openEscrow(directory: string): Escrow {
  const files = new LogFiles(directory);
  const path = (release: ReleaseId, index: number): string => `${release}/${index}`;
  return {
    put: (release, index, piece) => files.write(path(release, index), piece),
    piece: (release, index) => files.read(path(release, index)),
    async hash(release, pieces) {
      const hash = createHash("sha256");
      for (let index = 0; index < pieces; index++) {
        const piece = await files.read(path(release, index));
        if (piece === undefined) return undefined;
        hash.update(piece);
      }
      return hash.digest("base64");
    },
    destroy: (release) => files.remove(release),
  };
}
