/** Watches the sizes of MQTT packets in a byte stream, without keeping any of it. */
export interface PacketGuard {
  /** False from the first packet on that announces too much, or a length that MQTT cannot write. */
  accepts(bytes: Uint8Array): boolean;
}

/** Bytes after the fixed header: of the first packet, whose sender is not known yet, and of the others. */
export interface PacketLimits {
  readonly firstBytesMax: number;
  readonly bytesMax: number;
}

/** Length bytes of an MQTT fixed header at most (MQTT 3.1.1 §2.2.3). */
const lengthBytesMax = 4;

/**
 * Reads fixed headers only (MQTT 3.1.1 §2.2). It runs before the broker's parser, which would buffer up to 256 MB for whoever
 * announces them.
 */
export function packetGuard({ firstBytesMax, bytesMax }: PacketLimits): PacketGuard {
  let limit = firstBytesMax;
  let body = 0;
  /** Length bytes read so far; -1 before a packet's first byte. */
  let lengthBytes = -1;
  let length = 0;
  let broken = false;

  const header = (byte: number): void => {
    lengthBytes += 1;
    if (lengthBytes === 0) return;
    length += (byte & 0x7f) * 128 ** (lengthBytes - 1);
    const more = (byte & 0x80) !== 0;
    if (length > limit || (more && lengthBytes === lengthBytesMax)) broken = true;
    if (more) return;
    limit = bytesMax;
    body = length;
    lengthBytes = -1;
    length = 0;
  };

  return {
    accepts(bytes) {
      for (let at = 0; at < bytes.length && !broken; ) {
        const skipped = Math.min(body, bytes.length - at);
        body -= skipped;
        at += skipped;
        if (at < bytes.length) header(bytes[at++] ?? 0);
      }
      return !broken;
    },
  };
}
