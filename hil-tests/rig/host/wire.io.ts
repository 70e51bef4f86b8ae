// A network of the camera's own, joined to ours by a wire that carries its packets through this process: it loses, delays and
// repeats them by chance, as netem would. Rate limits, links that are down and black holes are the kernel's own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import type { Prng } from "../../../shared/kernel/prng.js";
import type { LineQuality } from "../rig.js";

export interface Wire {
  /** Ours, as the camera finds it. */
  readonly address: string;
  /** Words before a program that is to run in the camera's network. */
  readonly through: readonly string[];
  /** From the camera to us. */
  carriedBytes(): number;
  shape(quality: LineQuality): void;
  /** Whoever sends is told that there is no way. */
  cut(): void;
  /** A route into nothing: nobody is told. */
  swallow(): void;
  heal(): void;
  close(): Promise<void>;
}

/**
 * Carries the packets of a TUN device over its pipes, each behind its length. It ends with its standard input, and the device, the
 * namespace and all that was set in it end with the last process inside: nothing is left to tidy, however we end.
 */
const pump = `
use strict;
open(my $tun, "+<", "/dev/net/tun") or die "/dev/net/tun: $!\\n";
ioctl($tun, 0x400454ca, pack("Z16 s x22", $ARGV[0], 0x1001)) or die "TUNSETIFF: $!\\n";
sub give { my ($data) = @_; while (length $data) { my $n = syswrite(STDOUT, $data); exit 0 unless $n; substr($data, 0, $n) = ""; } }
give("\\0\\0");
my $held = "";
for (;;) {
  my $ready = "";
  vec($ready, fileno(STDIN), 1) = 1;
  vec($ready, fileno($tun), 1) = 1;
  select($ready, undef, undef, undef);
  if (vec($ready, fileno($tun), 1)) { my $n = sysread($tun, my $packet, 4096); give(pack("n", $n) . $packet) if $n; }
  next unless vec($ready, fileno(STDIN), 1);
  exit 0 unless sysread(STDIN, $held, 65536, length $held);
  while (length $held >= 2) {
    my $n = unpack("n", $held);
    last if length $held < 2 + $n;
    syswrite($tun, substr($held, 2, $n));
    substr($held, 0, 2 + $n) = "";
  }
}`;

const cameraDevice = "door";
/** Of tbf: as many bytes may go at once, and so long a packet may wait before it is dropped. */
const rateLimit = ["burst", "1600", "latency", "800ms"] as const;

/** Why this machine has no such network, or undefined. Tries one. */
export async function wireMissing(): Promise<string | undefined> {
  try {
    await (await openWire((length) => new Uint8Array(length))).close();
    return undefined;
  } catch (error) {
    return `a network of its own needs root with CAP_NET_ADMIN, perl and /dev/net/tun: ${firstLine(error)}`;
  }
}

/** `chance` draws the addresses, so that houses do not meet. */
export async function openWire(chance: (length: number) => Uint8Array, packets?: Prng): Promise<Wire> {
  const [high = 0, low = 0] = chance(2);
  const net = low & 0xfc;
  const [address, door] = [`10.213.${high}.${net + 1}`, `10.213.${high}.${net + 2}`];
  const device = `lt${high.toString(16)}x${net.toString(16)}`;
  const near = await startPump(["perl", "-e", pump, device]);
  const far = await startPump(["unshare", "-n", "perl", "-e", pump, cameraDevice]).catch((error: unknown) => {
    near.kill("SIGKILL");
    throw error;
  });
  const through = ["nsenter", "-t", `${far.pid}`, "-n"];
  const at = (side: "near" | "far", ...words: readonly string[]): void => {
    const [first = "", ...rest] = side === "near" ? words : [...through, ...words];
    execFileSync(first, rest, { stdio: ["ignore", "ignore", "pipe"] });
  };
  for (const [side, dev, own] of [
    ["near", device, address],
    ["far", cameraDevice, door],
  ] as const) {
    at(side, "ip", "addr", "add", `${own}/30`, "dev", dev);
    at(side, "ip", "link", "set", dev, "up");
  }
  at("far", "ip", "link", "set", "lo", "up");
  const air = new Air(packets);
  const carry = (from: ChildProcess, to: ChildProcess, count: (bytes: number) => void): void =>
    eachPacket(from, (packet) => {
      count(packet.length);
      air.carry(packet, (one) => to.stdin?.write(one));
    });
  let carried = 0;
  carry(far, near, (bytes) => {
    carried += bytes;
  });
  carry(near, far, () => undefined);
  const hole = ["ip", "route", "replace", "blackhole", `${address}/32`] as const;
  const shape = (quality: LineQuality): void => {
    air.quality = quality;
    const rate = quality.bitsPerSecond;
    for (const [side, dev] of [
      ["near", device],
      ["far", cameraDevice],
    ] as const) {
      if (rate === undefined) quietly(() => at(side, "tc", "qdisc", "del", "dev", dev, "root"));
      else at(side, "tc", "qdisc", "replace", "dev", dev, "root", "tbf", "rate", `${rate}bit`, ...rateLimit);
    }
  };
  return {
    address,
    through,
    carriedBytes: () => carried,
    shape,
    cut: () => at("far", "ip", "link", "set", cameraDevice, "down"),
    swallow() {
      air.isSwallowing = true;
      at("far", ...hole);
    },
    heal() {
      air.isSwallowing = false;
      shape({});
      quietly(() => at("far", "ip", "route", "del", ...hole.slice(3)));
      at("far", "ip", "link", "set", cameraDevice, "up");
    },
    async close() {
      air.isSwallowing = true;
      for (const side of [far, near]) await ended(side);
    },
  };
}

/** What happens to packets between the two ends. */
class Air {
  quality: LineQuality = {};
  isSwallowing = false;
  private readonly chance: Prng | undefined;

  constructor(chance: Prng | undefined) {
    this.chance = chance;
  }

  carry(packet: Buffer, deliver: (packet: Buffer) => void): void {
    const { delayMillis = 0, lossPercent = 0, duplicatePercent = 0, reorderPercent = 0 } = this.quality;
    if (this.isSwallowing || this.happens(lossPercent)) return;
    const late = this.happens(reorderPercent) ? lateMillis : 0;
    this.after(delayMillis + late, packet, deliver);
    if (this.happens(duplicatePercent)) this.after(delayMillis, packet, deliver);
  }

  private after(millis: number, packet: Buffer, deliver: (packet: Buffer) => void): void {
    const arrive = (): void => {
      if (!this.isSwallowing) deliver(packet);
    };
    if (millis === 0) arrive();
    else setTimeout(arrive, millis).unref();
  }

  private happens(percent: number): boolean {
    return percent > 0 && (this.chance?.next() ?? 1) * 100 < percent;
  }
}

/** How much later than its neighbours a reordered packet comes. */
const lateMillis = 40;

async function startPump(words: readonly string[]): Promise<ChildProcess> {
  const [first = "", ...rest] = words;
  const child = spawn(first, rest, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdin.on("error", () => undefined);
  const failed = once(child, "close").then(() => {
    throw new Error(said.trim() || `${first} ended at once`);
  });
  failed.catch(() => undefined);
  await Promise.race([once(child.stdout, "readable"), failed]);
  if (child.stdout.read(2) === null) await failed;
  return child;
}

/** Hands over each packet with its length before it, as the other pump takes it. */
function eachPacket({ stdout }: ChildProcess, take: (framed: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  stdout?.on("data", (data: Buffer) => {
    held = held.length === 0 ? data : Buffer.concat([held, data]);
    for (;;) {
      if (held.length < 2) return;
      const end = 2 + held.readUInt16BE(0);
      if (held.length < end) return;
      take(held.subarray(0, end));
      held = held.subarray(end);
    }
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  child.kill("SIGKILL");
  await gone;
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // It was not there: so it is as wanted.
  }
}

function firstLine(error: unknown): string {
  return `${error instanceof Error ? error.message : error}`.split("\n")[0] ?? "";
}
