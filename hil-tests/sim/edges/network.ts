// The lines between cameras and the broker: TCP as both ends see it. What is sent arrives in order and once, late, or never; an end
// that is cut off hears nothing of it.
import { elapsed, type Machine, on, prng, running } from "./clockwork.js";

/** What a world does to its lines; the rates are drawn anew for each. */
export interface Weather {
  /** Chance that a packet must be sent again by TCP, which holds up all behind it. */
  stall: number;
  readonly stallMillisMax: number;
  readonly delayMillis: { least: number; most: number };
  /** Machines that nothing reaches and that reach nothing. */
  readonly cutOff: Set<Machine>;
}

export const calm = (): Weather => ({
  stall: 0,
  stallMillisMax: 3_000,
  delayMillis: { least: 2, most: 40 },
  cutOff: new Set(),
});

/** One packet, as MQTT has them. */
export type Packet =
  | { readonly kind: "connect"; readonly clientId: string; readonly will: Message | undefined }
  | { readonly kind: "connack"; readonly granted: boolean }
  | { readonly kind: "subscribe"; readonly filter: string }
  | { readonly kind: "suback"; readonly granted: boolean }
  | { readonly kind: "publish"; readonly message: Message; readonly id: number }
  | { readonly kind: "puback"; readonly id: number }
  | { readonly kind: "ping" | "pong" | "disconnect" };

export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

/** Who connects, by the certificate that it shows. */
export interface Peer {
  readonly certificate: string;
}

/** One end of a connection. */
export class End {
  readonly machine: Machine;
  private readonly life: number;
  other: End | undefined;
  peer: Peer | undefined;
  open = true;
  hear: (packet: Packet) => void = () => undefined;
  /** The connection ended, and not by this end. */
  ended: (error?: Error) => void = () => undefined;
  private lastArrival = 0;

  constructor(machine: Machine) {
    this.machine = machine;
    this.life = machine.life;
  }

  get alive(): boolean {
    return this.open && this.machine.on && this.machine.life === this.life;
  }

  send(packet: Packet): void {
    if (!this.alive || this.other === undefined) return;
    this.carry(() => this.other?.take(packet));
  }

  /** Ends it here; the other end hears of it when the line lets it. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.carry(() => this.other?.reset());
  }

  private carry(arrive: () => void): void {
    const { other } = this;
    if (other === undefined) return;
    const stalled = weather.stall > 0 && prng().next() < weather.stall;
    const { least, most } = weather.delayMillis;
    const delay =
      prng().between(least, most + 1) + (stalled ? prng().between(200, weather.stallMillisMax) : 0);
    const at = Math.max(this.lastArrival, elapsed() + delay);
    this.lastArrival = at;
    this.deliver(other, at, arrive);
  }

  /** TCP tries again until it gives up; the other machine may be another life by then. */
  private deliver(other: End, at: number, arrive: () => void, tries = 0): void {
    const wait = at - elapsed();
    on(undefined, wait, () => {
      if (!other.open || !other.machine.on) return;
      if (!areCutOff(this.machine, other.machine)) return void on(other.machine, 0, arrive);
      if (tries < triesMax) this.deliver(other, elapsed() + retryMillis, arrive, tries + 1);
    });
  }

  private take(packet: Packet): void {
    // A machine that has begun another life knows nothing of this connection.
    if (!this.alive) return void this.carry(() => this.other?.reset());
    for (const tap of taps) tap(this, packet);
    this.hear(packet);
  }

  private reset(): void {
    if (!this.alive) return;
    this.open = false;
    this.ended(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }
}

const retryMillis = 500;
const triesMax = 120;

/** Who takes connections. */
export interface Server {
  readonly machine: Machine;
  accept(end: End): void;
  /** Of its certificate, true wall time in milliseconds. */
  readonly validUntil: number;
}

let weather: Weather = calm();
let server: Server | undefined;
let taps: ((to: End, packet: Packet) => void)[] = [];

export function resetNetwork(): void {
  weather = calm();
  server = undefined;
  taps = [];
}

export function setWeather(next: Weather): void {
  weather = next;
}

export function currentWeather(): Weather {
  return weather;
}

export function setServer(next: Server | undefined): void {
  server = next;
}

export function serverNow(): Server | undefined {
  return server;
}

/** Sees every packet that arrives. */
export function tap(see: (to: End, packet: Packet) => void): void {
  taps.push(see);
}

export function areCutOff(a: Machine, b: Machine): boolean {
  return a !== b && (weather.cutOff.has(a) || weather.cutOff.has(b));
}

/** A delay as the lines have it now. */
export function lineDelay(): number {
  const { least, most } = weather.delayMillis;
  return prng().between(least, most + 1);
}

/** Both ends of a new connection from the running machine. */
export function connectTo(to: Server, peer: Peer): End {
  const from = running();
  if (from === undefined) throw new Error("only a machine connects");
  const [mine, theirs] = [new End(from), new End(to.machine)];
  mine.other = theirs;
  theirs.other = mine;
  theirs.peer = peer;
  on(to.machine, 0, () => to.accept(theirs));
  return mine;
}
