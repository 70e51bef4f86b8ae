import { join } from "node:path";
import type { RequestId } from "../../../shared/kernel/ids.js";
import type { Identity } from "../../../shared/seal/age.js";
import { makePrivateFolder, writeDurably } from "../disk.io.js";

// Each request has an age key of its own, which only the computer that made it has. The stock `age` reads the same file.

const fileOf = (folder: string, request: RequestId): string => join(folder, "requests", `${request}.key`);

export function keepRequestKey(folder: string, request: RequestId, identity: Identity): void {
  makePrivateFolder(join(folder, "requests"));
  writeDurably(fileOf(folder, request), `${identity}\n`);
}
