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
    name: "chain-broken",
    layer: "sealer",
    file: "firmware/sealer/seal.io.ts",
    from: "clip.previousNote = hashOfText(text);",
    to: "",
    what: "segments do not name the one before",
  },
  {
    name: "never-asks-again",
    layer: "outbox",
    file: "firmware/uplink/outbox.ts",
    from: 'if (phase.kind === "asking") return now - phase.since >= stalledMillis * phase.asks;',
    to: 'if (phase.kind === "asking") return false;',
    what: "an announcement that got lost is not repeated",
  },
  {
    name: "no-second-try",
    layer: "link",
    file: "firmware/uplink/mqtt.io.ts",
    from: 'client.once("close", () => this.ended(connection));',
    to: 'client.once("close", () => connection.subscribed && this.ended(connection));',
    what: "a connection that ends before its subscription is answered is the last one",
  },
  {
    name: "event-before-store",
    layer: "ingest",
    file: "cloud/ingest/ingest.io.ts",
    from: "const fresh = await this.storeEvent({ household, camera, event: event.value });",
    to: 'bus.send(camera, "event", writeMessage({ v: 1, ids: [event.value.id] })); const fresh = await this.storeEvent({ household, camera, event: event.value });',
    what: "an event is acknowledged before it is stored",
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
    name: "names-unsynced",
    layer: "vault",
    file: "cloud/vault/bodies.io.ts",
    from: "await Promise.all([...directories].map(syncDirectory));",
    to: "",
    what: "a receipt goes out for a body whose name may be lost",
  },
  {
    name: "commit-unsynced",
    layer: "database",
    file: "cloud/database.io.ts",
    from: 'sqlite.pragma("synchronous = FULL");',
    to: 'sqlite.pragma("synchronous = NORMAL");',
    what: "the last commit does not survive a power cut",
  },
  {
    name: "key-survives",
    layer: "retention",
    file: "cloud/vault/erase.io.ts",
    from: "  await shred.destroy([name]);\n",
    to: "",
    what: "a deleted clip keeps its shred key",
  },
  {
    name: "ends-too-early",
    layer: "retention",
    file: "cloud/vault/erase.io.ts",
    from: "await records.expired(rooms, now, expiredPerSweepMax)",
    to: "await records.expired(rooms, millis(now + 5 * dayMillis), expiredPerSweepMax)",
    what: "clips end before their time",
  },
  {
    name: "any-charter",
    layer: "charter",
    file: "shared/charter/charter.ts",
    from: "if (version !== current.version + 1 || previous !== current.hash) {",
    to: "if (previous === current.previous && version > current.version) {",
    what: "an older charter replaces the newer one",
  },
  {
    name: "log-afterwards",
    layer: "docket",
    file: "cloud/docket/docket.io.ts",
    from: "const placed = decided.entry && (await this.services.log.append(decided.entry));",
    to: "if (decided.entry) void this.services.log.append(decided.entry).catch(() => undefined); const placed = decided.entry && { index: 0 };",
    what: "a step takes effect before its entry stands in the log",
  },
  {
    name: "unsigned-release",
    layer: "consent",
    file: "cloud/consent/decide.ts",
    from: "    ...signatureFaults(matter, authorisation),\n",
    to: "",
    what: "a release needs nobody's signature",
  },
  {
    name: "any-window",
    layer: "consent",
    file: "cloud/consent/decide.ts",
    from: '(released.from < from || released.to > to) && { kind: "outside-window", clip },',
    to: "",
    what: "a release reaches beyond the window that was asked for",
  },
  {
    name: "state-unwritten",
    layer: "tlog",
    file: "cloud/tlog/sequencer.io.ts",
    from: "    await this.keepState(checkpoint);\n",
    to: "",
    what: "entries are answered before the log's state has them",
  },
];
