// Apart from the schemas, so that the camera's core can do without them.

/** Bytes of a segment's body in one chunk: fits brokers that allow 64 KB in flight with two chunks under way. */
export const chunkBytesMax = 30 * 1024;
/** Time without progress after which the camera asks again what the cloud has. */
export const stalledMillis = 3_000;
