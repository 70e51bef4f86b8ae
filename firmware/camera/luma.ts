import { fromUtf8 } from "../../shared/kernel/bytes.js";

/** One grey picture for detection: `width` × `height` bytes, 0 black to 255 white, row by row. */
export interface LumaPicture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 0, 1, 2 … since the child started, at the rate that was asked for. */
  readonly index: number;
}

export type LumaEvent =
  | { readonly kind: "picture"; readonly picture: LumaPicture }
  | { readonly kind: "refused"; readonly why: string };

const lineBytesMax = 256;
const sidePixelsMax = 1024;
const lineFeed = 10;

/** Reads a YUV4MPEG2 stream of grey frames, however it is cut: its header says the size, so nothing is guessed. */
export class LumaStream {
  private readonly line = new Uint8Array(lineBytesMax);
  private lineLength = 0;
  private width = 0;
  private height = 0;
  private pixels: Uint8Array | undefined;
  private filled = 0;
  private index = 0;
  private dead = false;

  /** What these bytes completed; after its one `refused` it answers nothing any more. */
  push(chunk: Uint8Array): readonly LumaEvent[] {
    const events: LumaEvent[] = [];
    for (let at = 0; at < chunk.length && !this.dead; ) {
      at += this.pixels === undefined ? this.readLine(chunk, at, events) : this.readPixels(chunk, at, events);
    }
    return events;
  }

  private readLine(chunk: Uint8Array, at: number, events: LumaEvent[]): number {
    const feed = chunk.indexOf(lineFeed, at);
    const end = feed < 0 ? chunk.length : feed;
    if (this.lineLength + end - at > lineBytesMax) return this.refuse("a line without end", chunk, events);
    this.line.set(chunk.subarray(at, end), this.lineLength);
    this.lineLength += end - at;
    if (feed < 0) return end - at;
    const text = fromUtf8(this.line.subarray(0, this.lineLength));
    this.lineLength = 0;
    const fault = text.ok ? this.takeLine(text.value) : "a line that is no text";
    return fault === undefined ? end + 1 - at : this.refuse(fault, chunk, events);
  }

  private takeLine(line: string): string | undefined {
    if (this.width === 0) return this.takeHeader(line);
    if (line !== "FRAME") return "something else than a frame";
    this.pixels = new Uint8Array(this.width * this.height);
    return undefined;
  }

  private takeHeader(line: string): string | undefined {
    const sizes = /^YUV4MPEG2 W(\d{1,4}) H(\d{1,4}) .*Cmono(?: |$)/.exec(line);
    if (sizes === null) return "no header of grey frames";
    const width = Number(sizes[1]);
    const height = Number(sizes[2]);
    if (width < 1 || height < 1 || width > sidePixelsMax || height > sidePixelsMax)
      return `${width}x${height} pixels`;
    this.width = width;
    this.height = height;
    return undefined;
  }

  private readPixels(chunk: Uint8Array, at: number, events: LumaEvent[]): number {
    const pixels = this.pixels ?? new Uint8Array();
    const taken = Math.min(pixels.length - this.filled, chunk.length - at);
    pixels.set(chunk.subarray(at, at + taken), this.filled);
    this.filled += taken;
    if (this.filled === pixels.length) {
      const { width, height, index } = this;
      events.push({ kind: "picture", picture: { pixels, width, height, index } });
      this.index += 1;
      this.filled = 0;
      this.pixels = undefined;
    }
    return taken;
  }

  private refuse(why: string, chunk: Uint8Array, events: LumaEvent[]): number {
    events.push({ kind: "refused", why });
    this.dead = true;
    return chunk.length;
  }
}
