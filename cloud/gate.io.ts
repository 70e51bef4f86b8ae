import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import type { Bus, Log } from "./broker/bus.js";
import { EmbeddedBroker } from "./broker/embedded.io.js";
import { ExternalBroker } from "./broker/external.io.js";
import { type BrokerFiles, type Config, urlHost } from "./config.js";
import type { House } from "./house.io.js";
import type { Pair } from "./household/ca.io.js";
import { startIngest } from "./ingest/ingest.io.js";
import type { Announce } from "./ingest/ports.js";
import { startCourier } from "./notify/courier.io.js";
import { listenAs } from "./startup.js";
import { systemClock as clock, systemRandom as random } from "./system.io.js";
import type { Started } from "./upkeep.io.js";

export type Gate = Awaited<ReturnType<typeof openGate>>;

/** Broker and ingest: from here on cameras may come. */
export async function openGate(
  config: Config,
  { announce, ...house }: House & { readonly announce: Announce },
  log: Logger,
  started: Started,
) {
  const { db, authority, cameras, charters, modes, vault } = house;
  const bus = await createBus(config, house, log);
  const { mqtt, webhookReach: reach } = config;
  const onFault = (error: unknown): void => log.error({ error: `${error}` }, "webhook.failed");
  const courier = startCourier(db, { clock, reach, onFault });
  const ingest = await listenAs("LINTEL_MQTT", `${urlHost(mqtt.host)}:${mqtt.port}`, () =>
    startIngest({
      bus,
      db,
      charters,
      modes,
      certifier: authority,
      clock,
      vault: vault.writer,
      directory: cameras,
      announce(event) {
        announce(event);
        courier.wake();
      },
      log: logTo(log),
    }),
  );
  started.push(() => ingest.close());
  // Stops first: what ingest stores at the end is told after the next start.
  started.push(() => courier.close());
  const notTold = (error: unknown): void => log.error({ error: `${error}` }, "charter.not-told");
  charters.onChange(({ household }) => void ingest.charterChanged(household).catch(notTold));
  modes.onChange((household) => void ingest.modeChanged(household).catch(notTold));
  const { host, port } = ingest.address;
  return { bus, ingest, mqttUrl: config.publicMqtt ?? `mqtts://${urlHost(host)}:${port}` };
}

async function createBus(config: Config, { authority, cameras }: House, log: Logger): Promise<Bus> {
  const { mqtt, broker, node } = config;
  const { caPem: ca, server } = authority;
  if (broker === undefined)
    return new EmbeddedBroker({
      ...mqtt,
      ca,
      ...server,
      mayConnect: cameras.mayConnect,
      isAllowed: cameras.isAllowed,
      clock,
      log: logTo(log),
    });
  const { url, files } = broker;
  const own = (): Promise<Pair> => authority.own({ file: node, commonName: node, use: "client", hosts: [] });
  const trust = files === undefined ? { ca, ...(await own()) } : await readFiles(files);
  return new ExternalBroker({ url, node, ...trust, random, log: logTo(log) });
}

async function readFiles({ ca, certificate, key }: BrokerFiles): Promise<BrokerFiles> {
  const read = (path: string): Promise<string> => readFile(path, "utf8");
  return { ca: await read(ca), certificate: await read(certificate), key: await read(key) };
}

function logTo(log: Logger): Log {
  return (event, fields) => log.info(fields, event);
}
