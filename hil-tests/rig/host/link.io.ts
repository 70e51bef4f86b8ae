import { connect, createServer, type Server, type Socket } from "node:net";

/** What the network between a camera and its cloud is like. */
export interface LinkQuality {
  /** In each direction; unlimited without it. */
  readonly bitsPerSecond?: number;
  /** One way. */
  readonly delayMillis?: number;
}

/** A TCP path on loopback whose quality a scenario sets: stands in where the kernel has no netem. */
export interface Link {
  readonly port: number;
  /** Bytes that went from the near end to the far end. */
  readonly carriedBytes: () => number;
  set(quality: LinkQuality): void;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  /** Carries nothing and says nothing: the half-open connection. */
  stall(): void;
  heal(): void;
  close(): Promise<void>;
}

type State = "up" | "cut" | "stalled";

/** Bytes that a slow link holds in each direction before its sender must wait: a home router's buffer. */
const queueBytesMax = 64 * 1024;

/** Both ends are at `host`. */
export async function openLink(
  farPort: number,
  quality: LinkQuality = {},
  host = "127.0.0.1",
): Promise<Link> {
  const pipes = new Set<Pipe>();
  let state: State = "up";
  let current = quality;
  let carried = 0;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (state === "cut") return void near.resetAndDestroy();
    const far = connect({ port: farPort, host, allowHalfOpen: true });
    const rules = { quality: () => current, stalled: () => state === "stalled" };
    const pair = [
      new Pipe(near, far, rules, (bytes) => {
        carried += bytes;
      }),
      new Pipe(far, near, rules, () => undefined),
    ];
    for (const one of pair) pipes.add(one);
    const drop = (): void => {
      for (const one of pair) pipes.delete(one);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", drop).on("close", drop).setNoDelay(true);
  });
  await listen(server, host);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The link has no port.");
  const breakAll = (): void => {
    for (const one of pipes) one.reset();
  };
  return {
    port: address.port,
    carriedBytes: () => carried,
    set: (next) => {
      current = next;
    },
    cut: () => {
      state = "cut";
      breakAll();
    },
    stall: () => {
      state = "stalled";
    },
    heal: () => {
      state = "up";
      for (const one of pipes) one.wake();
    },
    close: () => {
      breakAll();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

interface Rules {
  quality(): LinkQuality;
  stalled(): boolean;
}

interface Parcel {
  readonly data: Buffer;
  readonly due: number;
}

/** The largest piece that waits for its turn alone: an Ethernet frame's worth. */
const parcelBytesMax = 1_400;

/** Carries one direction: each parcel waits for its turn at the given rate and then for the delay. */
class Pipe {
  private readonly queue: Parcel[] = [];
  private queuedBytes = 0;
  private freeAt = 0;
  private ended = false;
  private timer: NodeJS.Timeout | undefined;

  private readonly from: Socket;
  private readonly to: Socket;
  private readonly rules: Rules;
  private readonly count: (bytes: number) => void;

  constructor(from: Socket, to: Socket, rules: Rules, count: (bytes: number) => void) {
    this.from = from;
    this.to = to;
    this.rules = rules;
    this.count = count;
    from.on("data", (data: Buffer) => this.take(data));
    from.on("end", () => {
      this.ended = true;
      this.wake();
    });
  }

  wake(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.rules.stalled()) return;
    this.deliverDue();
    if (this.queuedBytes < queueBytesMax) this.from.resume();
    const first = this.queue[0];
    if (first !== undefined)
      this.timer = setTimeout(() => this.wake(), Math.max(0, first.due - performance.now()));
    else if (this.ended) this.to.end();
  }

  reset(): void {
    clearTimeout(this.timer);
    this.from.resetAndDestroy();
  }

  private take(data: Buffer): void {
    const { bitsPerSecond = Number.POSITIVE_INFINITY, delayMillis = 0 } = this.rules.quality();
    for (let at = 0; at < data.length; at += parcelBytesMax) {
      const parcel = data.subarray(at, at + parcelBytesMax);
      this.freeAt = Math.max(this.freeAt, performance.now()) + (parcel.length * 8_000) / bitsPerSecond;
      this.queue.push({ data: parcel, due: this.freeAt + delayMillis });
      this.queuedBytes += parcel.length;
    }
    if (this.queuedBytes >= queueBytesMax) this.from.pause();
    if (this.timer === undefined) this.wake();
  }

  private deliverDue(): void {
    for (
      let first = this.queue[0];
      first !== undefined && first.due <= performance.now();
      first = this.queue[0]
    ) {
      this.queue.shift();
      this.queuedBytes -= first.data.length;
      this.count(first.data.length);
      if (!this.to.destroyed) this.to.write(first.data);
    }
  }
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(0, host, () => done());
  });
}
