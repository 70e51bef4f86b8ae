import { type Bytes, bytes } from "../shared/kernel/brand.js";
import { ok, type Result, refuse } from "../shared/kernel/result.js";
import { parseDecimal } from "../shared/seal/fields.js";
import { retentionDaysDefault, retentionDaysMax } from "./vault/clip.js";

export interface Endpoint {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Paths of PEM files: the broker's CA, the cloud's client certificate and its key. */
export interface BrokerFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A Mosquitto or other broker that the cloud joins as a client instead of starting its own. */
export interface ExternalBroker {
  readonly url: string;
  /** Without them the cloud's own authority vouches for both sides. */
  readonly files?: BrokerFiles;
}

export interface Config {
  readonly data: string;
  readonly node: string;
  readonly http: Endpoint & {
    readonly tls: boolean;
    /** Behind a reverse proxy: the caller's address comes from its headers. */
    readonly trustProxy: boolean;
    /** Calls per minute and address on the routes that need no token. */
    readonly openCallsPerMinute: number;
  };
  readonly mqtt: Endpoint;
  readonly broker?: ExternalBroker;
  /** As cameras and members reach the cloud; without them, where it listens. */
  readonly publicUrl?: string;
  readonly publicMqtt?: string;
  /** Anyone may register a household. */
  readonly openRegistration: boolean;
  /** Of households, charters and claims, each, in an hour. */
  readonly budget: { readonly perAddress: number; readonly total: number };
  readonly vaultBytesMax: Bytes;
  readonly householdBytesMax: Bytes;
  readonly retentionDays: number;
  readonly longestDays: number;
  /** Where a backup is made each day. */
  readonly backup?: string;
  /** YYYY-MM-DD, on which the operator compared the clock after it had leapt. */
  readonly clockChecked?: string;
  /** The public log's name. */
  readonly logOrigin: string;
  /** File with the policy of its witnesses (C2SP tlog-policy). */
  readonly witnesses?: string;
  /** Opens /metrics to callers who are not on this machine. */
  readonly metricsToken?: string;
  /** Where webhooks may lead. */
  readonly webhookReach: "public" | "any";
  /** A file with a line for each person who hosts the cloud. */
  readonly operators?: string;
  /** Whether agencies may ask and households release; while it ends nothing new begins. */
  readonly releases: Taking;
  /** File of rules that are tighter than the floor. */
  readonly policy?: string;
  readonly logLevel: LogLevel;
}

export type Taking = "off" | "ending" | "on";

export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";
export type Environment = Readonly<Record<string, string | undefined>>;

const gibibyte = 1024 ** 3;

/** Every setting, its default and its meaning, in the order of `--help`. */
const settings = {
  LINTEL_DATA: ["lintel-cloud-data", "directory of database, vault and keys"],
  LINTEL_NODE: ["cloud-1", "this node's name on an external broker: cloud-…, at most 23 of a–z, 0–9, -"],
  LINTEL_HTTP: ["127.0.0.1:8080", "host:port of the API; port 0 takes a free one"],
  LINTEL_HTTP_TLS: ["off", "on | off; off on loopback only"],
  LINTEL_TRUST_PROXY: ["off", "on | off: callers' addresses come from a reverse proxy's headers"],
  LINTEL_OPEN_CALLS: ["120", "calls per minute and address on each route without a token"],
  LINTEL_MQTT: ["127.0.0.1:8883", "host:port of the embedded broker (TLS)"],
  LINTEL_PUBLIC_URL: ["", "the API's origin as members and boards reach it; default: where it listens"],
  LINTEL_PUBLIC_MQTT: ["", "mqtts://host:port as cameras reach it; default: where it listens"],
  LINTEL_BROKER: ["", "mqtts://host:port of an external broker, instead of the embedded one"],
  LINTEL_BROKER_CA: ["", "PEM file: that broker's certificate authority; default: the cloud's own"],
  LINTEL_BROKER_CERT: ["", "PEM file: the cloud's client certificate for it; default: its own"],
  LINTEL_BROKER_KEY: ["", "PEM file: its key"],
  LINTEL_REGISTRATION: ["open", "open | closed: may anyone register a household"],
  LINTEL_HOURLY: ["60", "households, charters, claims: of each in an hour by one address (IPv6: one /64)"],
  LINTEL_HOURLY_TOTAL: ["1000", "the same by all addresses together"],
  LINTEL_VAULT_LIMIT: [`${100 * gibibyte}`, "bytes that the vault may hold"],
  LINTEL_HOUSEHOLD_LIMIT: [`${50 * gibibyte}`, "bytes that the vault may hold of one household"],
  LINTEL_RETENTION_DAYS: [
    `${retentionDaysDefault}`,
    `days until a clip is destroyed where its household chose none, 1–${retentionDaysMax}`,
  ],
  LINTEL_RETENTION_MAX: [
    `${retentionDaysMax}`,
    `days that a household may choose at most, 1–${retentionDaysMax}`,
  ],
  LINTEL_BACKUP: ["", "absolute path: a backup into it each day, the states of the last 7; default: none"],
  LINTEL_CLOCK_CHECKED: ["", "YYYY-MM-DD, today: the clock is right although it leapt; retention goes on"],
  LINTEL_LOG_ORIGIN: [
    "",
    "the public log's name, which it keeps for ever; default: the host of LINTEL_PUBLIC_URL and /tlog",
  ],
  LINTEL_WITNESSES: [
    "",
    "file with the log's witnesses, where they are asked, and how many must cosign (C2SP tlog-policy); default: none",
  ],
  LINTEL_METRICS_TOKEN: ["", "bearer token that opens /metrics to callers off this machine"],
  LINTEL_WEBHOOKS: [
    "public",
    "public | any: webhooks lead to public https addresses only, or into private networks and to http too",
  ],
  LINTEL_OPERATORS: [
    "",
    "file with a line for each operator, as `lintel operator init` shows it; default: none",
  ],
  LINTEL_RELEASES: [
    "off",
    "on | ending | off: agencies may ask in public, and households release what they sign for; while it ends nothing new begins",
  ],
  LINTEL_POLICY: ["", "JSON file of rules for releases, tighter than the built-in ones; default: none"],
  LINTEL_LOG: ["info", "silent | error | warn | info | debug"],
} as const;
type Setting = keyof typeof settings;

/** Reads the whole environment; a refusal lists every fault at once, a sentence each. */
export function readConfig(environment: Environment): Result<Config, readonly string[]> {
  const faults: string[] = [];
  const text = (name: Setting): string => environment[name]?.trim() || settings[name][0];
  const read = <T>(name: Setting, parse: (value: string) => T | undefined, wanted: string): T | undefined => {
    const value = parse(text(name));
    if (value === undefined) faults.push(`${name} is "${text(name)}", but must be ${wanted}.`);
    return value;
  };
  // What is no such number is a fault, and of faults no configuration comes.
  const number = (name: Setting, from: number, to: number): number =>
    read(name, (value) => between(parseDecimal(value), from, to), `a whole number from ${from} to ${to}`) ??
    0;
  // What is none of them is a fault already: then any will do.
  const word = <T extends string>(name: Setting, ...words: readonly [T, ...T[]]): T =>
    read(name, (value) => words.find((one) => one === value), words.join(" or ")) ?? words[0];
  const optional = (name: Setting, pattern: Pick<RegExp, "test">, wanted: string): string | undefined =>
    text(name) === "" ? undefined : read(name, (value) => (pattern.test(value) ? value : undefined), wanted);

  const http = read("LINTEL_HTTP", parseEndpoint, "host:port");
  const tls = word("LINTEL_HTTP_TLS", "on", "off") === "on";
  const config = {
    data: text("LINTEL_DATA"),
    node: optional("LINTEL_NODE", /^cloud-[a-z0-9-]{1,17}$/, "cloud- and 1–17 of a–z, 0–9 and -") ?? "",
    http: {
      ...(http ?? nowhere),
      tls,
      trustProxy: word("LINTEL_TRUST_PROXY", "on", "off") === "on",
      openCallsPerMinute: number("LINTEL_OPEN_CALLS", 1, 1_000_000),
    },
    mqtt: read("LINTEL_MQTT", parseEndpoint, "host:port") ?? nowhere,
    ...present(
      "publicUrl",
      canonical(optional("LINTEL_PUBLIC_URL", originPattern, "an origin like https://host:port")),
    ),
    ...present("publicMqtt", optional("LINTEL_PUBLIC_MQTT", mqttPattern, "mqtts://host:port")),
    ...present("broker", readBroker({ text, optional }, faults)),
    openRegistration: word("LINTEL_REGISTRATION", "open", "closed") === "open",
    budget: {
      perAddress: number("LINTEL_HOURLY", 1, 1_000_000),
      total: number("LINTEL_HOURLY_TOTAL", 1, 1_000_000),
    },
    vaultBytesMax: bytes(number("LINTEL_VAULT_LIMIT", 1, Number.MAX_SAFE_INTEGER)),
    householdBytesMax: bytes(number("LINTEL_HOUSEHOLD_LIMIT", 1, Number.MAX_SAFE_INTEGER)),
    retentionDays: number("LINTEL_RETENTION_DAYS", 1, retentionDaysMax),
    longestDays: number("LINTEL_RETENTION_MAX", 1, retentionDaysMax),
    ...present("backup", optional("LINTEL_BACKUP", /^\/./, "an absolute path, best on another disk")),
    ...present("clockChecked", optional("LINTEL_CLOCK_CHECKED", { test: isDay }, "a day like 2026-11-01")),
    logOrigin: optional("LINTEL_LOG_ORIGIN", logNamePattern, "a name like door.example/tlog") ?? "",
    ...present("witnesses", optional("LINTEL_WITNESSES", /./, "a file")),
    ...present(
      "metricsToken",
      optional("LINTEL_METRICS_TOKEN", /^\S{16,256}$/, "16 to 256 characters without spaces"),
    ),
    webhookReach: word<"public" | "any">("LINTEL_WEBHOOKS", "public", "any"),
    ...present("operators", text("LINTEL_OPERATORS") || undefined),
    releases: word<Taking>("LINTEL_RELEASES", "off", "ending", "on"),
    ...present("policy", text("LINTEL_POLICY") || undefined),
    logLevel: word<LogLevel>("LINTEL_LOG", "silent", "error", "warn", "info", "debug"),
  } satisfies Config;
  if (http !== undefined) faults.push(...faultsOfListening(config), ...faultsOfReleases(config));
  const logOrigin = config.logOrigin || `${authorityOf(config.publicUrl) ?? "localhost"}/tlog`;
  return faults.length === 0 ? ok({ ...config, logOrigin }) : refuse(faults);
}

interface Reader {
  text(name: Setting): string;
  optional(name: Setting, pattern: RegExp, wanted: string): string | undefined;
}

/** What `--help` prints. */
export function describeConfig(): string {
  const lines = Object.entries(settings).map(
    ([name, [value, meaning]]) => `  ${name.padEnd(22)} ${meaning}${value === "" ? "" : ` [${value}]`}`,
  );
  return `lintel-cloud: the cloud of the Lintel video doorbell, set up by its environment.

  --help                 prints this
  backup DIR             copies LINTEL_DATA into DIR while its cloud runs; keeps the states of the last 7 days
  restore DIR [--without-clips]
                         makes LINTEL_DATA of the newest state in DIR; nothing may be in its place
  --mosquitto DIR        writes configuration, rights and certificates for a Mosquitto at LINTEL_PUBLIC_MQTT

${lines.join("\n")}
`;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether the calendar has such a day. */
function isDay(text: string): boolean {
  const [, year = "", month = "", day = ""] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1] ?? 0;
  return Number(day) >= 1 && Number(day) <= days;
}
const nowhere: Endpoint = { host: "", port: 0 };
const originPattern = /^https?:\/\/[a-zA-Z0-9.:[\]-]+$/;
/** As C2SP tlog-checkpoint recommends: a URL without scheme, and nothing that a key's name may not have. */
const logNamePattern = /^[a-z0-9.:[\]-]{1,80}(\/[a-z0-9._-]{1,40}){0,3}$/;
const mqttPattern = /^mqtts:\/\/[a-zA-Z0-9.:[\]-]+:\d{1,5}$/;

function faultsOfReleases({ releases, operators }: Config): readonly string[] {
  if (releases !== "on" || operators !== undefined) return [];
  return [
    "LINTEL_RELEASES is on, and nobody would answer an agency: name two operators in LINTEL_OPERATORS (a line each, from lintel operator init).",
  ];
}

function faultsOfListening({ http, mqtt, publicUrl, publicMqtt, broker }: Config): readonly string[] {
  const faults: string[] = [];
  if (!http.tls && !isLoopback(http.host)) {
    faults.push(`LINTEL_HTTP listens on ${http.host}, off this machine: set LINTEL_HTTP_TLS=on.`);
  }
  if (isWildcard(http.host) && publicUrl === undefined) {
    faults.push(`LINTEL_HTTP listens everywhere: set LINTEL_PUBLIC_URL, so that boards know the address.`);
  }
  if (isWildcard(mqtt.host) && publicMqtt === undefined) {
    faults.push(`LINTEL_MQTT listens everywhere: set LINTEL_PUBLIC_MQTT, so that cameras know the address.`);
  }
  if (publicUrl?.startsWith("http:") && !isLoopback(hostOf(publicUrl))) {
    faults.push(`LINTEL_PUBLIC_URL is ${publicUrl}, but off this machine only https is safe.`);
  }
  if (broker !== undefined && publicMqtt === undefined) {
    faults.push(`LINTEL_BROKER is set: set LINTEL_PUBLIC_MQTT too, so that cameras know its address.`);
  }
  return [
    ...faults,
    ...faultsOfUrls({
      LINTEL_PUBLIC_URL: publicUrl,
      LINTEL_PUBLIC_MQTT: publicMqtt,
      LINTEL_BROKER: broker?.url,
    }),
  ];
}

function faultsOfUrls(urls: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(urls).flatMap(([name, url]) =>
    url === undefined || isReachable(url)
      ? []
      : [`${name} is ${url}, but what follows its // must be host, host:port or [address]:port.`],
  );
}

/** A board that was given another port or host could never use it. */
function isReachable(url: string): boolean {
  const authority = url.slice(url.indexOf("//") + 2);
  return (
    parseEndpoint(/:\d+$/.test(authority.replace(/^\[.*\]/, "")) ? authority : `${authority}:1`) !== undefined
  );
}

/** As clients write an origin (RFC 6454 §6): members sign it, and it is compared letter by letter. */
function canonical(origin: string | undefined): string | undefined {
  return origin?.toLowerCase().replace(/^(https:.*):443$|^(http:.*):80$/, "$1$2");
}

function authorityOf(url: string | undefined): string | undefined {
  return url?.slice(url.indexOf("//") + 2);
}

/** Where a URL whose form was checked leads; a port that it leaves out is 0. */
export function endpointOf(url: string): Endpoint {
  const authority = url.slice(url.indexOf("//") + 2);
  return parseEndpoint(authority) ?? { host: authority.replace(/^\[|\]$/g, ""), port: 0 };
}

export function hostOf(url: string): string {
  return endpointOf(url).host;
}

function readBroker(
  { text, optional }: Pick<Reader, "text" | "optional">,
  faults: string[],
): ExternalBroker | undefined {
  const url = optional("LINTEL_BROKER", mqttPattern, "mqtts://host:port");
  if (url === undefined) return undefined;
  const [ca, certificate, key] = [
    text("LINTEL_BROKER_CA"),
    text("LINTEL_BROKER_CERT"),
    text("LINTEL_BROKER_KEY"),
  ];
  if (ca !== "" && certificate !== "" && key !== "") return { url, files: { ca, certificate, key } };
  if (ca + certificate + key !== "")
    faults.push(
      "LINTEL_BROKER_CA, LINTEL_BROKER_CERT and LINTEL_BROKER_KEY go together: set all three or none.",
    );
  return { url };
}

/** `host:port`, `[::1]:port`. */
function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, portText = ""] =
    /^(?:\[([0-9a-f:.]+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = between(parseDecimal(portText), 0, 65_535);
  return host === undefined || port === undefined ? undefined : { host, port };
}

export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function between(value: number | undefined, from: number, to: number): number | undefined {
  return value !== undefined && value >= from && value <= to ? value : undefined;
}

function present<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });
}

/** As it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
