import { test } from "tap";
import type { SignedCharter } from "../../shared/charter/charter.js";
import { millis } from "../../shared/kernel/brand.js";
import type { CameraId } from "../../shared/kernel/ids.js";
import { seededPrng } from "../../shared/kernel/prng.js";
import { refuse } from "../../shared/kernel/result.js";
import { readCharterAsk, writeMessage } from "../../shared/protocol/messages.js";
import { verifierOf } from "../../shared/seal/note.js";
import type { Link, LinkHandlers } from "./mqtt.io.js";
import { type Store, startUplink, type UplinkHandlers, type UplinkOptions } from "./uplink.io.js";

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

const minute = 60_000;
const carriedOut: UplinkHandlers = {
  ...{ have: () => 0, haveMode: () => 0, charters: () => undefined, mode: () => undefined },
  ...{ wantsCertificate: () => undefined, certificate: () => undefined, deletion: async () => undefined },
  ...{ turnedAway: () => undefined, changed: () => undefined },
};

/** How often the cloud was asked for charters when the clock is so far ahead, each time after the camera looked at it often enough. */
function asksAt(handlers: Partial<UplinkHandlers>, aheads: readonly number[]): Promise<readonly number[]> {
  const looksMin = 9;
  const seen: number[] = [];
  let [ahead, looks, asks] = [0, 0, 0];
  return new Promise((resolve) => {
    const monotonic = () => {
      if (++looks % looksMin === 0) {
        seen.push(asks);
        ahead = aheads[seen.length - 1] ?? ahead;
        if (seen.length > aheads.length) void uplink.stop(0).then(() => resolve(seen));
      }
      return millis(now() + ahead);
    };
    const open = (_: unknown, { up, message }: LinkHandlers): Link => {
      queueMicrotask(up);
      const publish = ({ kind }: { readonly kind: string }): boolean => {
        if (kind === "charter" && ++asks === 1)
          queueMicrotask(() => {
            message("charter", writeMessage({ v: 1, charters: chain.slice(0, 1) }));
            message("delete", writeMessage({ v: 1, note: "a clip's end" }));
          });
        return true;
      };
      return { publish, drop: () => undefined, close: async () => undefined };
    };
    const uplink = startUplink(
      { ...options, clock: { wall: now, monotonic } },
      { ...carriedOut, ...handlers },
      open,
    );
  });
}

test("the cloud is asked once more after twenty minutes, since what it sent may be lost; after one where the card took no charter or deletion", async (t) => {
  const refuse = (): never => {
    throw new Error("ENOSPC");
  };
  const [well, full, failing] = await Promise.all([
    asksAt({}, [19 * minute, 21 * minute]),
    asksAt({ charters: refuse }, [0.8 * minute, 1.2 * minute]),
    asksAt({ deletion: async () => refuse() }, [0.8 * minute, 1.2 * minute]),
  ]);
  t.same(
    [well, full, failing],
    [
      [1, 1, 2],
      [1, 1, 2],
      [1, 1, 2],
    ],
  );
});
