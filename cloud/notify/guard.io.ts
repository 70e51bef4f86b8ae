import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { ok, type Result, refuse } from "../../shared/kernel/result.js";

/** Where a webhook may lead: to public addresses over https; or, where the operator says so, to any, over http too. */
export type Reach = "public" | "any";

export type GuardRefusal =
  | { readonly kind: "webhook-not-https" }
  | { readonly kind: "webhook-not-public" }
  | { readonly kind: "webhook-no-address" };

/** The address that a connection goes to, whatever the name's next answer is. */
export interface Pinned {
  readonly address: string;
  readonly family: 4 | 6;
}

type Resolve = (host: string) => Promise<readonly { readonly address: string }[]>;
const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Where a URL leads now. Every address of its name must be one that the operator allows: a single private one, of this machine,
 * its network or its host's metadata service, refuses the name.
 */
export async function pin(
  url: URL,
  reach: Reach,
  resolve: Resolve = systemResolve,
): Promise<Result<Pinned, GuardRefusal>> {
  const wellFormed = url.username === "" && url.password === "";
  if (!wellFormed || !(url.protocol === "https:" || (url.protocol === "http:" && reach === "any")))
    return refuse({ kind: "webhook-not-https" });
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const found = ipaddr.isValid(host) ? [{ address: host }] : await resolve(host).catch(() => []);
  const [first] = found;
  if (first === undefined) return refuse({ kind: "webhook-no-address" });
  if (reach === "public" && !found.every(({ address }) => isPublic(address)))
    return refuse({ kind: "webhook-not-public" });
  return ok({ address: first.address, family: first.address.includes(":") ? 6 : 4 });
}

/** Doubt, as about tunnels and translated addresses, is no. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === "unicast";
}
