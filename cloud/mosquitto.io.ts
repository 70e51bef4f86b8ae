import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { mosquittoAcl, mosquittoConfig } from "./broker/acl.js";
import { packetBytesMax } from "./broker/bus.js";
import type { Endpoint } from "./config.js";
import type { Authority } from "./household/ca.io.js";
import { writePrivate } from "./household/privatefile.io.js";

export interface MosquittoOptions {
  readonly directory: string;
  /** Where cameras reach it; it listens there. */
  readonly at: Endpoint;
  /** Names of the cloud's nodes. */
  readonly nodes: readonly string[];
}

/** Writes all that a Mosquitto needs to stand in for the embedded broker: same rights, same authority. Its configuration file's path. */
export async function writeMosquittoFiles(
  authority: Authority,
  { directory, at, nodes }: MosquittoOptions,
): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { host, port } = at;
  const pair = await authority.own({
    file: "broker",
    commonName: "lintel-broker",
    use: "server",
    hosts: [host],
  });
  const contents = {
    ca: authority.caPem,
    certificate: pair.certificate,
    key: pair.key,
    acl: mosquittoAcl(nodes),
  };
  const files = { ca: "ca.pem", certificate: "broker.pem", key: "broker.key", acl: "acl" };
  const path = (name: string): string => resolve(join(directory, name));
  await writePrivate(path(files.ca), contents.ca);
  await writePrivate(path(files.certificate), contents.certificate);
  await writePrivate(path(files.key), contents.key);
  await writePrivate(path(files.acl), contents.acl);
  const config = path("mosquitto.conf");
  await writePrivate(
    config,
    mosquittoConfig({
      host,
      port,
      packetBytesMax,
      ca: path(files.ca),
      certificate: path(files.certificate),
      key: path(files.key),
      acl: path(files.acl),
    }),
  );
  return config;
}
