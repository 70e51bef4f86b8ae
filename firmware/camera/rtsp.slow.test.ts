import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { type Test, t, test } from "tap";
import { card, decodeErrors, h264, skip, skipProbe, source, tracksOf, Watch } from "./watch.io.js";

// The smallest RTSP server (RFC 2326) that plays H.264 (RFC 6184) inside its own TCP connection, as IP cameras do.

/** `sounds`: plays, and has a tone beside its picture for those who ask for it. */
type Manner = "plays" | "sounds" | "hangs-up" | "falls-silent" | "wants-a-password";

interface Picture {
  readonly nals: readonly Uint8Array[];
}

/** Silence and its back-off take their real time. */
t.setTimeout(120_000);

const fps = 10;
const payloadBytesMax = 1400;
/** G.711 µ-law, RTP's payload type 0: a byte is a sample. */
const soundRate = 8000;

/** Cuts an Annex B stream into pictures: parameter sets and SEI belong to the slice that follows. */
function picturesOf(stream: Uint8Array): readonly Picture[] {
  const pictures: Picture[] = [];
  let nals: Uint8Array[] = [];
  for (const nal of nalsOf(stream)) {
    nals.push(nal);
    const type = (nal[0] ?? 0) & 31;
    if (type !== 1 && type !== 5) continue;
    pictures.push({ nals });
    nals = [];
  }
  return pictures;
}

function nalsOf(stream: Uint8Array): readonly Uint8Array[] {
  const starts: number[] = [];
  for (let i = 0; i + 3 <= stream.length; i++) {
    if (stream[i] === 0 && stream[i + 1] === 0 && stream[i + 2] === 1) starts.push(i);
  }
  return starts.map((start, i) => {
    const next = starts[i + 1];
    // The zero before a start code of four bytes is no part of the unit.
    const end = next === undefined ? stream.length : stream[next - 1] === 0 ? next - 1 : next;
    return stream.subarray(start + 3, end);
  });
}

/** Whole, or cut into FU-A packets (RFC 6184 §5.8). */
function payloadsOf(nal: Uint8Array): readonly Uint8Array[] {
  if (nal.length <= payloadBytesMax) return [nal];
  const head = nal[0] ?? 0;
  const payloads: Uint8Array[] = [];
  for (let at = 1; at < nal.length; at += payloadBytesMax) {
    const part = nal.subarray(at, at + payloadBytesMax);
    const edge = (at === 1 ? 0x80 : 0) | (at + payloadBytesMax >= nal.length ? 0x40 : 0);
    payloads.push(Uint8Array.from([(head & 0xe0) | 28, edge | (head & 31), ...part]));
  }
  return payloads;
}

class Session {
  private sequence = 0;
  private soundSequence = 0;
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(picture: Picture, index: number): void {
    const payloads = picture.nals.flatMap(payloadsOf);
    for (const [i, payload] of payloads.entries()) {
      const type = (i === payloads.length - 1 ? 0x80 : 0) | 96;
      const head = { channel: 0, type, sequence: this.sequence++, time: (index * 90000) / fps };
      this.packet(head, payload);
    }
  }

  /** A picture's time of a square wave. */
  sound(index: number): void {
    const samples = soundRate / fps;
    const payload = Uint8Array.from({ length: samples }, (_, i) => (i % 16 < 8 ? 0x90 : 0x10));
    this.packet({ channel: 2, type: 0x80, sequence: this.soundSequence++, time: index * samples }, payload);
  }

  private packet(
    head: { channel: number; type: number; sequence: number; time: number },
    payload: Uint8Array,
  ) {
    const packet = Buffer.alloc(16 + payload.length);
    packet.write("$", 0, "latin1");
    packet[1] = head.channel;
    packet.writeUInt16BE(12 + payload.length, 2);
    packet[4] = 0x80;
    packet[5] = head.type;
    packet.writeUInt16BE(head.sequence & 0xffff, 6);
    packet.writeUInt32BE(head.time, 8);
    packet.writeUInt32BE(0x1234 + head.channel, 12);
    packet.set(payload, 16);
    this.socket.write(packet);
  }
}

/** Answers one request; says whether playing starts. */
function answer(socket: Socket, request: string, sdp: string, manner: Manner): boolean {
  const method = request.slice(0, request.indexOf(" "));
  const reply = (status: string, headers: readonly string[] = [], body = ""): void => {
    const number = /^CSeq: *(\d+)/im.exec(request)?.[1] ?? "0";
    const all = [`RTSP/1.0 ${status}`, `CSeq: ${number}`, ...headers, `Content-Length: ${body.length}`];
    socket.write(`${all.join("\r\n")}\r\n\r\n${body}`);
  };
  if (manner === "wants-a-password" && method === "DESCRIBE") reply("401 Unauthorized");
  else if (method === "DESCRIBE") reply("200 OK", ["Content-Type: application/sdp"], sdp);
  else if (method === "SETUP")
    reply("200 OK", [`Transport: RTP/AVP/TCP;unicast;interleaved=${channelsIn(request)}`, "Session: 1"]);
  else reply("200 OK", ["Public: DESCRIBE, SETUP, PLAY", "Session: 1"]);
  return method === "PLAY";
}

function channelsIn(request: string): string {
  return /interleaved=(\d+-\d+)/.exec(request)?.[1] ?? "0-1";
}

/** At the card's own pace; one that is not well-mannered stops after five and a half seconds. */
function play(
  socket: Socket,
  pictures: readonly Picture[],
  manner: Manner,
  wanted: ReadonlySet<string>,
): void {
  const session = new Session(socket);
  let index = 0;
  const timer = setInterval(() => {
    const picture = pictures[index % pictures.length];
    if (wanted.has("2-3")) session.sound(index);
    if (picture !== undefined) session.send(picture, index++);
    if (manner === "plays" || manner === "sounds" || index < 5.5 * fps) return;
    clearInterval(timer);
    if (manner === "hangs-up") socket.destroy();
  }, 1000 / fps);
  socket.on("close", () => clearInterval(timer));
}

/** Serves a test card for ever; each later connection is well-mannered if the first was not. */
async function serve(t: Test, first: Manner): Promise<{ readonly url: string; connections(): number }> {
  const pictures = picturesOf(await readFile(await card(t, "card.h264", ...h264(fps), "-f", "h264")));
  const sets = (pictures[0]?.nals ?? []).filter((nal) => [7, 8].includes((nal[0] ?? 0) & 31));
  const sprop = sets.map((nal) => Buffer.from(nal).toString("base64")).join(",");
  const media = [
    "m=video 0 RTP/AVP 96",
    "a=rtpmap:96 H264/90000",
    `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sprop}`,
  ];
  const sound = first === "sounds" ? ["m=audio 0 RTP/AVP 0", "a=control:1"] : [];
  const head = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "t=0 0"];
  const sdp = [...head, ...media, "a=control:0", ...sound, ""].join("\r\n");
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const manner = connections++ === 0 || first === "wants-a-password" ? first : "plays";
    const wanted = new Set<string>();
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const text = data.toString("latin1");
      if (text.startsWith("SETUP")) wanted.add(channelsIn(text));
      if (/^[A-Z_]+ rtsp/.test(text) && answer(socket, text, sdp, manner))
        play(socket, pictures, manner, wanted);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `rtsp://user:geheim@127.0.0.1:${port}/stream`, connections: () => connections };
}

test("an RTSP camera's H.264 is recorded as it comes", { skip }, async (t) => {
  const camera = new Watch(t, { source: source((await serve(t, "plays")).url) });
  await camera.first("fragment", (fragment) => camera.all("fragment").indexOf(fragment) === 2);
  t.match(camera.all("plan"), [{ mode: "copy", description: /rtsp:\/\/…@127.0.0.1/ }]);
  const [init] = camera.all("init");
  const lengths = camera.all("fragment").map((fragment) => fragment.duration / (init?.timescale ?? 0));
  t.ok(
    lengths.slice(0, 3).every((seconds) => Math.abs(seconds - 1) < 0.15),
    `fragments of ${lengths.join(", ")} s`,
  );
  t.match(camera.all("luma")[0], { width: 160, height: 120 });
  await camera.handle.stop();
  t.equal(await decodeErrors(t, camera.recording()), "");
});

test("an RTSP camera's sound is not even asked for without leave, and stands beside its picture with it", {
  skip: skipProbe,
}, async (t) => {
  const { url } = await serve(t, "sounds");
  const record = async (sound: boolean): Promise<readonly (readonly [string, number])[]> => {
    const camera = new Watch(t, { source: source(url), sound });
    await camera.first("fragment", (fragment) => camera.all("fragment").indexOf(fragment) === 2);
    await camera.handle.stop();
    t.equal(await decodeErrors(t, camera.recording()), "");
    return tracksOf(t, camera.recording());
  };
  t.same(await record(false), [["video", 0]]);
  const tracks = await record(true);
  t.same(
    tracks.map(([kind]) => kind),
    ["audio", "video"],
  );
  const [sound = 0, picture = 0] = tracks.map(([, start]) => start);
  t.ok(Math.abs(sound - picture) <= 0.1, `sound starts at ${sound} s, picture at ${picture} s`);
});

test("an RTSP camera that hangs up half-way is connected again", { skip }, async (t) => {
  const server = await serve(t, "hangs-up");
  const camera = new Watch(t, { source: source(server.url) });
  t.match(await camera.first("trouble"), { kind: "dead" });
  t.ok(camera.all("fragment").length >= 1, "what came before is handed out");
  await camera.first("init", (init) => camera.all("init").indexOf(init) === 1);
  t.equal(server.connections(), 2);
  t.notMatch(JSON.stringify(camera.all("trouble")), /geheim/);
});

test("an RTSP camera that falls silent is noticed within 5 s and connected again", { skip }, async (t) => {
  const camera = new Watch(t, { source: source((await serve(t, "falls-silent")).url) });
  await camera.first("fragment");
  const trouble = await camera.first("trouble");
  const last = Math.max(...camera.all("luma").map(({ at }) => at));
  t.match(trouble, { kind: "silent" });
  t.ok(
    performance.now() - last <= 5000,
    `${Math.round(performance.now() - last)} ms after the last luma frame`,
  );
  await camera.first("init", (init) => camera.all("init").indexOf(init) === 1);
});

test("an RTSP camera that wants a password says so", { skip }, async (t) => {
  const camera = new Watch(t, { source: source((await serve(t, "wants-a-password")).url) });
  t.match(await camera.first("trouble"), { kind: "dead", message: /password is wrong/ });
  t.notMatch(JSON.stringify(camera.seen), /geheim/);
});
