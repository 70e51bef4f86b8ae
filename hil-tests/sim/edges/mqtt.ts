// Takes the place of the package `mqtt` under `firmware/uplink/mqtt.io.ts`: as much of its client as that file uses. It keeps nothing for
// the next connection (`clean: true`), and ends by itself when no answer comes to a ping.
import { clearTimer, type Handle, later, setRepeating, setTimer } from "./clockwork.js";
import type { Packet } from "./network.js";
import type { SimSocket } from "./tls.js";

/** Of the options, those that matter here. */
interface Options {
  readonly clientId?: string;
  readonly keepalive?: number;
  readonly connectTimeout?: number;
  readonly will?: { readonly topic: string; readonly payload: Buffer; readonly retain?: boolean };
}
type Heard = {
  connect: () => void;
  message: (topic: string, payload: Buffer) => void;
  error: (error: Error) => void;
  close: () => void;
  /** Of single packets nobody is told here: what a ping's answer is worth, `ping` below decides. */
  packetsend: (packet: { readonly cmd: string }) => void;
  packetreceive: () => void;
};
type Settled = (error?: Error) => void;

const halfMillis = 500;

export class MqttClient {
  readonly stream: { destroy(): void };
  private readonly socket: SimSocket;
  private readonly heard: { readonly [Name in keyof Heard]: Set<Heard[Name]> } = {
    connect: new Set(),
    message: new Set(),
    error: new Set(),
    close: new Set(),
    packetsend: new Set(),
    packetreceive: new Set(),
  };
  private readonly unsettled = new Map<number, Settled>();
  private granted: ((error: Error | undefined, granted: readonly { qos: number }[]) => void) | undefined;
  private lastId = 0;
  /** Half keepalives since anything was heard of the other end. */
  private beats = 0;
  private over = false;
  private readonly timers: Handle[] = [];

  constructor(connect: () => SimSocket, { clientId = "", keepalive = 60, connectTimeout, will }: Options) {
    this.socket = connect();
    this.stream = { destroy: () => this.finish() };
    const { end } = this.socket;
    end.hear = (packet) => this.hear(packet);
    end.ended = (error) => {
      if (error !== undefined) this.socket.fail(error);
      this.finish();
    };
    this.timers.push(setTimer(() => this.finish(), connectTimeout ?? 30_000));
    this.timers.push(setRepeating(() => this.beat(), keepalive * halfMillis));
    const lastWord = will && {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      retain: will.retain === true,
    };
    // Its owner still has to listen: all of this begins in the next turn.
    later(0, () => end.send({ kind: "connect", clientId, will: lastWord }));
  }

  on<Name extends keyof Heard>(name: Name, work: Heard[Name]): this {
    this.heard[name].add(work);
    return this;
  }

  once<Name extends keyof Heard>(name: Name, work: Heard[Name]): this {
    return this.on(name, work);
  }

  subscribe(
    filter: string,
    _options: object,
    done: (error: Error | undefined, granted: readonly { qos: number }[]) => void,
  ): void {
    this.granted = done;
    this.socket.end.send({ kind: "subscribe", filter });
  }

  publish(topic: string, payload: Buffer, { retain = false }: { retain?: boolean }, done: Settled): void {
    if (this.over) return void later(0, () => done(new Error("client disconnecting")));
    const id = ++this.lastId;
    this.unsettled.set(id, done);
    this.socket.end.send({
      kind: "publish",
      id,
      message: { topic, payload: Uint8Array.from(payload), retain },
    });
  }

  end(_force?: boolean, _options?: object, done?: () => void): void {
    if (!this.over) this.socket.end.send({ kind: "disconnect" });
    this.finish();
    if (done !== undefined) later(0, done);
  }

  private hear(packet: Packet): void {
    if (this.over) return;
    switch (packet.kind) {
      case "connack":
        return void this.answered(packet.granted);
      case "suback":
        return void this.granted?.(undefined, [{ qos: packet.granted ? 1 : 128 }]);
      case "puback": {
        const settled = this.unsettled.get(packet.id);
        this.unsettled.delete(packet.id);
        return void settled?.();
      }
      case "publish":
        this.socket.end.send({ kind: "puback", id: packet.id });
        for (const work of this.heard.message)
          work(packet.message.topic, Buffer.from(packet.message.payload));
        return;
      case "pong":
        this.beats = 0;
        return;
      default:
        return;
    }
  }

  private answered(granted: boolean): void {
    clearTimer(this.timers[0]);
    if (granted) for (const work of this.heard.connect) work();
    else {
      for (const work of this.heard.error) work(new Error("Connection refused: Not authorized"));
      this.finish();
    }
  }

  /** As mqtt.js does it: a ping after one keepalive, and the end half of one later where no answer came. */
  private beat(): void {
    this.beats++;
    if (this.beats > 2) this.finish();
    else if (this.beats === 2) this.socket.end.send({ kind: "ping" });
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    for (const timer of this.timers) clearTimer(timer);
    this.socket.end.close();
    const unsettled = [...this.unsettled.values()];
    this.unsettled.clear();
    later(0, () => {
      for (const settled of unsettled) settled(new Error("Connection closed"));
      for (const work of this.heard.close) work();
    });
  }
}
