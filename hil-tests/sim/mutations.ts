/** A bug to plant: one text of one file becomes another. The simulation must find it. */
export interface Mutation {
  readonly name: string;
  readonly layer: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly what: string;
}

export const mutations: readonly Mutation[] = [
  {
    name: "segment-unsynced",
    layer: "recorder",
    file: "firmware/recorder/disk.io.ts",
    from: "if (sync) await file.datasync();",
    to: "",
    what: "the journal calls a segment durable that no fsync made so",
  },
  {
    name: "unsealed-segment",
    layer: "sealer",
    file: "firmware/sealer/seal.io.ts",
    from: "const sealed = await seal(formatPlain({ ...init, fragments: data, manifest }), [clip.recipient]);",
    to: "const plain = formatPlain({ ...init, fragments: data, manifest }); const sealed = new Uint8Array(Buffer.concat([await seal(plain, [clip.recipient]), plain]));",
    what: "footage stands behind its sealed copy",
  },
  {
    name: "body-unsynced",
    layer: "vault",
    file: "cloud/vault/commit.io.ts",
    from: "await segment.part?.sync();",
    to: "",
    what: "a receipt goes out for a body that no fsync made durable",
  },
  {
    name: "no-second-try",
    layer: "link",
    file: "firmware/uplink/mqtt.io.ts",
    from: 'client.once("close", () => this.ended(connection));',
    to: 'client.once("close", () => connection.subscribed && this.ended(connection));',
    what: "a connection that ends before its subscription is answered is the last one",
  },
];
