import { join } from "node:path";
import type { RequestId } from "../../../shared/kernel/ids.js";
import { type Identity, isIdentity } from "../../../shared/seal/age.js";
import { makePrivateFolder, readKeys, writeDurably } from "../disk.io.js";
import { Refused } from "../refused.js";

// Each request has an age key of its own, which only the computer that made it has. The stock `age` reads the same file.

const fileOf = (folder: string, request: RequestId): string => join(folder, "requests", `${request}.key`);

export function keepRequestKey(folder: string, request: RequestId, identity: Identity): void {
  makePrivateFolder(join(folder, "requests"));
  writeDurably(fileOf(folder, request), `${identity}\n`);
}

export function requestKey(folder: string, request: RequestId): Identity {
  const identity = readKeys(fileOf(folder, request), (text) => {
    if (isIdentity(text.trim())) return text.trim();
    throw new Error("it holds no age key");
  });
  if (identity !== undefined) return identity;
  throw new Refused(
    `The key of request ${request} is not in ${folder}. It is with whoever made the request: fetch the release there.`,
  );
}
