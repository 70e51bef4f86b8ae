import { type CameraId, isCameraId } from "../../shared/kernel/ids.js";
import { topicRoot } from "../../shared/protocol/topics.js";

/** Who speaks on the broker: a camera under its own id, or a node of the cloud. The name is the certificate's CN. */
export type Identity =
  | { readonly kind: "camera"; readonly camera: CameraId }
  | { readonly kind: "cloud"; readonly name: string };

/** `%` stands for the identity's own name. What no line grants is refused. */
interface Grant {
  readonly to: Identity["kind"];
  readonly may: "write" | "read";
  readonly filter: string;
}

/** The one table of rights: up is written, down is read, each camera in its own place only. */
const grants: readonly Grant[] = [
  { to: "camera", may: "write", filter: `${topicRoot}/%/up/#` },
  { to: "camera", may: "read", filter: `${topicRoot}/%/down/#` },
  { to: "cloud", may: "read", filter: `${topicRoot}/+/up/#` },
  { to: "cloud", may: "write", filter: `${topicRoot}/+/down/#` },
];

/** Whom a certificate's CN names. Names of nodes hold a hyphen, so that none looks like a camera's id. */
export function identityOf(commonName: string): Identity | undefined {
  if (isCameraId(commonName)) return { kind: "camera", camera: commonName };
  return /^cloud-[a-z0-9-]{1,17}$/.test(commonName) ? { kind: "cloud", name: commonName } : undefined;
}

export function mayWrite(identity: Identity, topic: string): boolean {
  return !/[+#]/.test(topic) && granted(identity, "write", topic);
}

/** Whether all that a subscription's filter can match may be read. */
export function mayRead(identity: Identity, filter: string): boolean {
  return granted(identity, "read", filter);
}

/** The same table as a Mosquitto ACL file, for a broker whose cloud nodes have these names. */
export function mosquittoAcl(nodes: readonly string[]): string {
  const lines = (to: Identity["kind"], word: string): readonly string[] =>
    grants
      .filter((grant) => grant.to === to)
      .map(({ may, filter }) => `${word} ${may} ${filter.replace("%", "%u")}`);
  const cloud = nodes.flatMap((name) => ["", `user ${name}`, ...lines("cloud", "topic")]);
  return `${["# Generated: a camera writes its own up and reads its own down.", ...lines("camera", "pattern"), ...cloud].join("\n")}\n`;
}

export interface MosquittoFiles {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly acl: string;
  /** Largest MQTT packet in bytes. */
  readonly packetBytesMax: number;
}

/** A Mosquitto 2 configuration in which the certificate's CN is user name and client id, as in the embedded broker. */
export function mosquittoConfig(files: MosquittoFiles): string {
  return `${[
    "per_listener_settings false",
    "allow_anonymous false",
    `acl_file ${files.acl}`,
    "persistence false",
    // Chunks are bounded by the credit that cameras get, so nothing needs to be dropped here.
    "max_inflight_messages 200",
    "max_queued_messages 20000",
    `max_packet_size ${files.packetBytesMax}`,
    `listener ${files.port} ${files.host}`,
    `cafile ${files.ca}`,
    `certfile ${files.certificate}`,
    `keyfile ${files.key}`,
    "require_certificate true",
    "use_identity_as_username true",
    "use_username_as_clientid true",
  ].join("\n")}\n`;
}

function granted(identity: Identity, may: Grant["may"], filter: string): boolean {
  const name = identity.kind === "camera" ? identity.camera : identity.name;
  return grants.some(
    (grant) =>
      grant.to === identity.kind && grant.may === may && covers(grant.filter.replace("%", name), filter),
  );
}

/** Whether `wide` matches everything that `narrow`, a topic or itself a filter, matches. */
function covers(wide: string, narrow: string): boolean {
  const [have, want] = [wide.split("/"), narrow.split("/")];
  for (const [at, word] of have.entries()) {
    // MQTT 4.7.1.2 lets `a/#` match `a` too; nothing here is published there, so it is refused.
    if (word === "#") return want.length > at;
    const wanted = want[at];
    if (wanted === undefined || wanted === "#") return false;
    if (word !== "+" && word !== wanted) return false;
  }
  return have.length === want.length;
}
