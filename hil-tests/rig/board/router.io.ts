import type { LineDriver, LineQuality } from "../rig.js";
import type { RigConfig } from "./config.js";
import { type Following, openSsh } from "./ssh.io.js";

/** Where the cloud of a story listens. */
export interface CloudPorts {
  readonly address: string;
  readonly http: number;
  readonly mqtt: number;
}

/** Ours alone on the router: to take it away is to heal the line. */
const table = "lintel_rig";
const noLimit = 1_000_000_000;
const pollSeconds = 1;

export interface Router {
  readonly driver: LineDriver;
  close(): Promise<void>;
}

/**
 * The line between board and cloud, spoilt on the router between them. Only packets from and to the cloud's ports suffer, so that the
 * rig itself still reaches the board.
 */
export function openRouter(router: NonNullable<RigConfig["router"]>, cloud: CloudPorts): Router {
  const host = openSsh(router, "the router");
  const ports = `{ ${cloud.http}, ${cloud.mqtt} }`;
  const both = (verdict: string): string =>
    [
      `nft add table inet ${table}`,
      `nft 'add chain inet ${table} forward { type filter hook forward priority -10; }'`,
      `nft flush chain inet ${table} forward`,
      `nft add rule inet ${table} forward ip daddr ${cloud.address} tcp dport '${ports}' ${verdict}`,
      `nft add rule inet ${table} forward ip saddr ${cloud.address} tcp sport '${ports}' ${verdict}`,
    ].join(" && ");
  const unshape = [router.toBoard, router.toCloud]
    .map((dev) => `tc qdisc del dev ${dev} root 2> /dev/null`)
    .join("; ");
  const heal = `nft delete table inet ${table} 2> /dev/null; ${unshape}; true`;
  let carried: number | undefined;
  let first = 0;
  let counting: Following | undefined;
  const count = (line: string): void => {
    const bytes = Number(line);
    if (!Number.isFinite(bytes)) return;
    if (carried === undefined) first = bytes;
    carried = bytes;
  };
  const file = `/sys/class/net/${router.toCloud}/statistics/tx_bytes`;
  counting = host.follow(`while cat ${file}; do sleep ${pollSeconds}; done`, count);
  return {
    driver: {
      async cut(from) {
        if (from === "cloud")
          throw new Error("This rig's broker and cloud are one program: nothing can cut them apart.");
        await host.run(both("reject with tcp reset"));
      },
      swallow: async () => void (await host.run(both("drop"))),
      heal: async () => void (await host.run(heal)),
      async shape(quality) {
        const netem = `netem ${netemOf(quality)}`;
        const toCloud = `ip dst ${cloud.address}`;
        const toBoard = `ip src ${cloud.address}`;
        await host.run(
          [
            `${unshape}`,
            ...spoil(
              router.toCloud,
              netem,
              [cloud.http, cloud.mqtt].map((port) => `${toCloud} match ip dport ${port} 0xffff`),
            ),
            ...spoil(
              router.toBoard,
              netem,
              [cloud.http, cloud.mqtt].map((port) => `${toBoard} match ip sport ${port} 0xffff`),
            ),
          ].join("; "),
        );
      },
      carriedBytes: () => (carried ?? first) - first,
    },
    async close() {
      await counting?.stop();
      await host.run(heal);
    },
  };
}

/** Band 4 of a prio queue gets what the filters name, and nobody else does. */
function spoil(dev: string, netem: string, filters: readonly string[]): readonly string[] {
  return [
    `tc qdisc add dev ${dev} root handle 1: prio bands 4 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1 && tc qdisc add dev ${dev} parent 1:4 handle 40: ${netem}`,
    ...filters.map((match) => `tc filter add dev ${dev} parent 1: protocol ip u32 match ${match} flowid 1:4`),
  ];
}

/** As tc-netem(8) has it. */
export function netemOf(quality: LineQuality): string {
  const { bitsPerSecond = noLimit, delayMillis = 0, lossPercent, duplicatePercent, reorderPercent } = quality;
  // Packets come out of order only where the others wait.
  const delay = reorderPercent === undefined ? delayMillis : Math.max(1, delayMillis);
  const percent = (name: string, value: number | undefined): string =>
    value === undefined ? "" : ` ${name} ${value}%`;
  return `delay ${delay}ms rate ${bitsPerSecond}bit${percent("loss", lossPercent)}${percent("duplicate", duplicatePercent)}${percent("reorder", reorderPercent)}`;
}
