import { X509Certificate } from "node:crypto";
import { hashOf } from "../../../shared/seal/hash.js";
import { readNamed } from "../disk.io.js";
import { checkedUrl, fetchCa, fetchUnverifiedCa, isUntrusted, type Server, Unreachable } from "../http.io.js";
import { Refused } from "../refused.js";

export function originOf(cloud: string): string {
  return checkedUrl(cloud).origin;
}

/**
 * The cloud's own CA, which vouches for it towards cameras. Trusted when the operator's hash was given, when the connection
 * that it came over was proven by an authority that is trusted already, or on this machine.
 */
export async function trustedCa(server: Server, caHash: string | undefined): Promise<string> {
  if (caHash === undefined) return verifiedCa(server);
  const ca = await fetchUnverifiedCa(server.url);
  if (caHash === hashOf(parsed(server, ca).raw)) return ca;
  throw new Refused(
    "The cloud shows another CA than the one of --ca-hash. Ask its operator for the right hash; do not go on.",
  );
}

/** Of a cloud that is read without a login; `ca` names a file. */
export interface PublicServer {
  readonly ca?: string;
  readonly caHash?: string;
}

export async function publicServer(url: string, { ca, caHash }: PublicServer): Promise<Server> {
  if (ca !== undefined) return { url, ca: readNamed(ca, "--ca") };
  return caHash === undefined ? { url } : { url, ca: await trustedCa({ url }, caHash) };
}

/** Names no hash that was found: whoever stands between would be glad to see it pasted. */
async function verifiedCa(server: Server): Promise<string> {
  try {
    const ca = await fetchCa(server);
    parsed(server, ca);
    return ca;
  } catch (error) {
    if (!(error instanceof Unreachable) || !isUntrusted(error)) throw error;
    throw new Refused(
      `${server.url} proves itself by its own CA only (${error.code}). Ask its operator for the CA's hash (caHash in the line that the cloud prints when it is ready) and give it: --ca-hash HASH.`,
    );
  }
}

function parsed({ url }: Server, ca: string): X509Certificate {
  try {
    return new X509Certificate(ca);
  } catch {
    throw new Refused(`${url} shows no certificate of its CA. Is a Lintel cloud there?`);
  }
}
