import { test } from "tap";
import type { SignedCharter } from "../../shared/charter/charter.js";
import { millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { refuse } from "../../shared/kernel/result.js";
import { readCharterAsk, writeMessage } from "../../shared/protocol/messages.js";
import { verifierOf } from "../../shared/seal/note.js";
import type { Link, LinkHandlers } from "./mqtt.io.js";
import { type Store, startUplink, type UplinkOptions } from "./uplink.io.js";

const camera = "aaaaaaaaaaaaaaaa" as CameraId;
const nothing: Store = {
  pending: () => [],
  pendingEvents: () => [],
  readHead: async () => undefined,
  readBody: async () => undefined,
  acknowledge: async () => refuse({ kind: "unknown-segment" }),
  check: async () => "gone",
  acknowledgeEvents: async () => undefined,
};
const now = () => millis(Math.floor(performance.now()));
const options: UplinkOptions = {
  ...{ camera, store: nothing, windowMax: 2, clockIsSet: () => true },
  ...{ server: { host: "localhost", port: 1 }, identity: () => ({ key: "", certificate: "", ca: "" }) },
  vault: verifierOf({ name: "vault", secretKey: new Uint8Array(32).fill(1) }),
  ...{ clock: { wall: now, monotonic: now }, random: seededPrng(1), log: () => undefined },
};
/** As many as an answer may hold, and the camera's view of a chain: only the order of the notes counts here. */
const pageMax = 16;
const chain = Array.from({ length: 40 }, (_, i): SignedCharter => ({ note: `${i + 1}`, openings: [] }));

/** A line to a cloud that answers each question about charters with one page. */
function lineToCloud(asked: number[]): (_: unknown, handlers: LinkHandlers) => Link {
  return (_, handlers) => {
    queueMicrotask(handlers.up);
    return {
      publish(topic, payload) {
        if (topic.kind !== "charter") return true;
        const ask = readCharterAsk(payload);
        if (!ask.ok) throw new Error(ask.error.why);
        const { have, tlsKey } = ask.value;
        asked.push(have);
        const charters = chain.slice(have, have + pageMax);
        const answer = writeMessage({ v: 1, charters });
        if (tlsKey !== undefined && have === 0) {
          const certificate = writeMessage({ v: 1, charters: [], certificate: `for ${tlsKey}` });
          queueMicrotask(() => handlers.message("charter", certificate));
        }
        queueMicrotask(() => handlers.message("charter", answer));
        return true;
      },
      drop: () => undefined,
      close: async () => undefined,
    };
  };
}

test("charters that do not fit into one answer are asked for to their end, in order", async (t) => {
  const asked: number[] = [];
  const taken: string[] = [];
  const certificates: string[] = [];
  const uplink = await new Promise<ReturnType<typeof startUplink>>((resolve) => {
    const started = startUplink(
      options,
      {
        have: () => taken.length,
        charters: (later) => {
          taken.push(...later.map(({ note }) => note));
          if (later.length === 0) resolve(started);
        },
        ...{
          haveMode: () => 0,
          wantsCertificate: () => "my key",
          certificate: (pem) => void certificates.push(pem),
          mode: () => undefined,
        },
        ...{ deletion: async () => undefined, turnedAway: () => undefined, changed: () => undefined },
      },
      lineToCloud(asked),
    );
  });
  await uplink.stop(0);
  t.same(asked, [0, 16, 32, 40]);
  t.same(certificates, ["for my key"], "and what comes with a certificate says nothing of charters");
  t.same(
    taken,
    chain.map(({ note }) => note),
  );
});

test("an answer that leads no further is not asked about again", async (t) => {
  const asked: number[] = [];
  const refused = await new Promise<ReturnType<typeof startUplink>>((resolve) => {
    const started = startUplink(
      options,
      {
        have: () => 3,
        charters: () => resolve(started),
        haveMode: () => 0,
        wantsCertificate: () => undefined,
        certificate: () => undefined,
        mode: () => undefined,
        deletion: async () => undefined,
        turnedAway: () => undefined,
        changed: () => undefined,
      },
      lineToCloud(asked),
    );
  });
  await refused.stop(0);
  t.same(asked, [3]);
});

test("a line that throws at once when it is closed ends the stop with its error, and no timer is left", async (t) => {
  const open = (): Link => ({
    publish: () => false,
    drop: () => undefined,
    close: () => {
      throw new Error("the socket is gone");
    },
  });
  const handlers = {
    have: () => 0,
    charters: () => undefined,
    haveMode: () => 0,
    wantsCertificate: () => undefined,
    certificate: () => undefined,
    mode: () => undefined,
    deletion: async () => undefined,
    turnedAway: () => undefined,
    changed: () => undefined,
  };
  // With a timer left this file would never end.
  await t.rejects(startUplink(options, handlers, open).stop(0), /the socket is gone/);
});

test("a deletion that the card did not carry out is asked for again after a minute", async (t) => {
  let [ahead, deletions] = [0, 0];
  const monotonic = () => millis(now() + ahead);
  const asked = await new Promise<number>((resolve) => {
    let asks = 0;
    const uplink = startUplink(
      { ...options, clock: { wall: now, monotonic } },
      {
        ...{ have: () => 0, haveMode: () => 0, charters: () => undefined, mode: () => undefined },
        ...{ wantsCertificate: () => undefined, certificate: () => undefined },
        ...{ turnedAway: () => undefined, changed: () => undefined },
        async deletion() {
          if (++deletions === 2) return void uplink.stop(0).then(() => resolve(asks));
          setImmediate(() => {
            ahead = 61_000;
          });
          throw new Error("EIO");
        },
      },
      (_, handlers) => {
        queueMicrotask(handlers.up);
        const note = writeMessage({ v: 1, note: "a clip's end" });
        const publish = ({ kind }: { readonly kind: string }): boolean => {
          if (kind === "charter" && ++asks <= 2) queueMicrotask(() => handlers.message("delete", note));
          return true;
        };
        return { publish, drop: () => undefined, close: async () => undefined };
      },
    );
  });
  t.equal(asked, 2);
});
