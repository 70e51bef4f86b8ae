import "./board/memory.io.js";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { ok, type Result, refuse } from "../shared/kernel/result.js";
import { type Board, openBoard } from "./board/board.io.js";
import { type Certificates, createCertificates } from "./board/certificate.io.js";
import { watchClock } from "./board/clock.io.js";
import { type Enrolment, type Keystore, openKeystore } from "./board/keystore.io.js";
import { lockDirectory } from "./board/lock.io.js";
import { systemClock as clock, systemRandom as random } from "./board/system.io.js";
import { openNotifier } from "./board/systemd.io.js";
import { minuteOfWeek } from "./board/week.io.js";
import { describeFfmpeg, type Ffmpeg, findFfmpeg } from "./camera/finder.io.js";
import { describeSource } from "./camera/source.js";
import { type Capture, openCapture } from "./capture.io.js";
import { type Config, firmwareVersion, helpText, readCommand, readConfig } from "./config.js";
import { type Home, openHome } from "./home/home.io.js";
import { createHouse, type House } from "./house.io.js";
import { openJournal } from "./recorder/journal.io.js";
import type { NewEvent } from "./recorder/journal.js";
import { type Facts, startReporter } from "./report.io.js";
import { type Custody, startSealer } from "./sealer/seal.io.js";
import { closeAll, type Started } from "./shutdown.io.js";
import { startThumbnails } from "./thumbnail/thumbnail.io.js";
import type { Server } from "./uplink/tls.io.js";
import { troubleText } from "./uplink/troubles.js";
import { startUplink, type Uplink } from "./uplink/uplink.io.js";
import { createWayBack } from "./uplink/wayback.io.js";
import { isLasting, messageOf, sentenceOf, unusableText } from "./words.io.js";

/** On a signal: what is not sent by then waits on the card. */
const drainMillis = 5_000;
/** Then the process ends as if power were lost, which is safe too. */
const shutdownMillisMax = 12_000;
/** The camera's supervisor tries at least once a minute: without footage and without its word for longer, we hang. */
const aliveMillis = 90_000;
/** A mode's turn in the week's timetable comes at most so late. */
const timetableMillis = 1_000;
const mqttsPort = 8883;
/** sysexits(3): usage, configuration. A service manager need not start us again on these. */
const exitUsage = 64;
const exitConfiguration = 78;

const logger = pino({ base: null }, pino.destination({ dest: 2, sync: true }));
const log = (event: string, fields: Readonly<Record<string, string | number | boolean>>): void =>
  logger.info(fields, event);

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env);
  if (!command.ok) return giveUp(exitUsage, command.error);
  if (command.value.kind === "help") return void process.stdout.write(helpText());
  const { state, flags } = command.value;
  const held = readState(state, flags);
  if (!held.ok) return giveUp(exitConfiguration, held.error);
  const { config } = held.value;
  const ffmpeg = await findFfmpeg({ path: config.ffmpeg, searchPath: process.env.PATH ?? "" });
  if (!ffmpeg.ok) return giveUp(exitConfiguration, [ffmpeg.error.message]);
  await run({ ...held.value, ffmpeg: ffmpeg.value });
}

/** The camera that the directory holds, and its settings. Of a board that is not enrolled nothing is written. */
function readState(
  state: string,
  flags: Readonly<Record<string, string>>,
): Result<Omit<Ground, "ffmpeg">, readonly string[]> {
  try {
    const keystore = openKeystore(state, clock, log);
    const enrolment = keystore.readEnrolment();
    if (!enrolment.ok) return refuse([sentenceOf(enrolment.error)]);
    const config = readConfig(flags, process.env, keystore.readSettings());
    if (!config.ok) return config;
    accessSync(state, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok({ state, config: config.value, keystore, enrolment: enrolment.value });
  } catch (error) {
    return refuse([unusableText(state, error)]);
  }
}

interface Ground {
  readonly state: string;
  readonly config: Config;
  readonly keystore: Keystore;
  readonly enrolment: Enrolment;
  readonly ffmpeg: Ffmpeg;
}

/** Runs until a signal asks it to end. */
async function run(ground: Ground): Promise<void> {
  const started: Started = [];
  let stopping = false;
  const stop = async (why: string, code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log("stopping", { why });
    setTimeout(() => process.exit(1), shutdownMillisMax).unref();
    await closeAll(started, log);
    process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(signal, 0));
  try {
    await start(ground, started);
  } catch (error) {
    process.stderr.write(`The firmware does not start: ${messageOf(error)}\n`);
    await stop("start failed", isLasting(error) ? exitConfiguration : 1);
  }
}

/** From the card to the lens; what is pushed to `started` is closed again in reverse order. */
async function start(ground: Ground, started: Started): Promise<void> {
  const { state, config, enrolment, ffmpeg } = ground;
  const { camera } = enrolment.identity;
  log("start", { firmware: firmwareVersion, pid: process.pid, camera, ffmpeg: describeFfmpeg(ffmpeg) });
  const lock = await lockDirectory(state);
  started.push(() => lock.close());
  const late: Late = { changed: () => undefined, obey: () => undefined, light: () => undefined };
  const card = await openCard(ground, started);
  const house = createHouse(
    ground.keystore,
    enrolment,
    (zone) => (card.clockWatch.quality() === "synchronised" ? minuteOfWeek(clock.wall(), zone) : undefined),
    log,
  );
  const certificates = createCertificates(ground.keystore, enrolment, clock, log);
  const uplink = openUplink(ground, { ...card, house, certificates, late }, started);
  const home = openHomesSide(ground, certificates, started);
  const capture = openFootage(ground, { ...card, house, uplink, home, late }, started);
  const board = await openWires(ground, { capture, late }, started);
  let obeyed: Obeyed = { charter: house.version(), mode: "off", modeCounter: 0 };
  const facts = (): Facts => factsOf(ground, { ...card, house, uplink, capture, board, obeyed });
  const reporter = startReporter(state, facts, (status) => {
    uplink.status(status);
    home.status(status);
  });
  started.push(() => reporter.close());
  late.changed = () => reporter.soon();

  const notifier = openNotifier(process.env, () => isAlive(capture, house), log);
  started.push(() => notifier.stopping());
  late.obey = () => {
    const rules = house.rules();
    const now = { charter: house.version(), mode: rules.mode, modeCounter: house.modeCounter() };
    const inForce = (): void => {
      obeyed = now;
      reporter.soon();
    };
    capture.apply(rules).then(inForce, (error: unknown) => log("capture.failed", { why: `${error}` }));
  };
  late.obey();
  const timetable = setInterval(() => {
    if (house.rules().mode !== obeyed.mode) late.obey();
  }, timetableMillis);
  started.push(() => clearInterval(timetable));
  notifier.ready();
  const source = describeSource(config.source);
  const ready = {
    event: "ready",
    camera,
    source,
    ffmpeg: describeFfmpeg(ffmpeg),
    board: board.described,
    state,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

/** What earlier parts tell later ones, which do not exist yet when the earlier ones start. */
interface Late {
  /** Something that the status says. */
  changed: () => void;
  /** The household's rules are new. */
  obey: () => void;
  light: (on: boolean) => void;
}

type Card = Awaited<ReturnType<typeof openCard>>;

/** The clock's quality, and the journal of what is sealed and not yet safe. */
async function openCard({ state, config, enrolment }: Ground, started: Started) {
  const clockWatch = await watchClock();
  started.push(() => clockWatch.close());
  const journal = await openJournal({
    dir: join(state, "journal"),
    limitBytes: config.diskLimit,
    camera: enrolment.identity.signer,
    clock,
    random,
    log,
  });
  started.push(() => journal.close());
  return { clockWatch, journal };
}

/** From the journal to the vault. */
function openUplink(
  { config, enrolment }: Ground,
  {
    clockWatch,
    journal,
    house,
    certificates,
    late,
  }: Card & { readonly house: House; readonly certificates: Certificates; readonly late: Late },
  started: Started,
): Uplink {
  const { identity, ca, cloud, vault } = enrolment;
  const clockIsSet = (): boolean => clockWatch.quality() === "synchronised";
  const tls = () => ({ key: identity.tlsKey, certificate: certificates.current(), ca });
  const wayBack = createWayBack({
    cloudUrl: cloud.cloudUrl,
    identity: tls,
    word: () => certificates.plea(clockIsSet()),
    clockIsSet,
    take: (pem) => void certificates.take(pem),
    log,
  });
  const uplink = startUplink(
    {
      camera: identity.camera,
      server: serverOf(cloud.mqttUrl),
      identity: tls,
      vault,
      store: journal,
      windowMax: config.windowChunks,
      clockIsSet,
      clock,
      random,
      log,
    },
    {
      have: () => house.version(),
      charters(later) {
        if (house.follow(later)) late.obey();
        late.changed();
      },
      async deletion(note) {
        const clip = house.openDeletion(note);
        if (clip !== undefined) await journal.removeClip(clip);
      },
      haveMode: () => house.modeCounter(),
      mode(note) {
        if (house.obey(note)) late.obey();
        late.changed();
      },
      wantsCertificate: certificates.wanted,
      certificate: (pem) => void certificates.take(pem),
      turnedAway: wayBack.turnedAway,
      changed: () => late.changed(),
    },
  );
  started.push(() => uplink.stop(drainMillis));
  journal.watch({
    stored: (segment) => uplink.stored(segment),
    gone: (clip, index) => uplink.gone({ clip, index }),
    clipGone: (clip) => uplink.clipGone(clip),
    happened: (event) => uplink.happened(event),
    eventGone: (id) => uplink.eventGone(id),
  });
  return uplink;
}

/** To the home's own broker, where there is one: beside everything else, which never waits for it. */
function openHomesSide({ state, enrolment }: Ground, certificates: Certificates, started: Started): Home {
  const { camera } = enrolment.identity;
  const home = openHome({
    state,
    camera,
    name: enrolment.charter.cameras.find(({ id }) => id === camera)?.name ?? "Doorbell",
    firmware: firmwareVersion,
    certificateDays: () => certificates.daysLeft(),
    random,
    log,
  });
  started.push(() => home.close());
  return home;
}

/** From the lens to the journal. The camera itself starts when the rules are applied. */
function openFootage(
  { config, enrolment, ffmpeg }: Ground,
  {
    clockWatch,
    journal,
    house,
    uplink,
    home,
    late,
  }: Card & Pick<Parts, "house" | "uplink"> & { readonly home: Home; readonly late: Late },
  started: Started,
): Capture {
  const { signer } = enrolment.identity;
  const happened = (event: NewEvent): void => {
    if (event.kind !== "gap") home.happened(event.kind);
    // The journal keeps it in memory and tells the uplink, whatever the card does.
    void journal.appendEvent(event).catch((error: unknown) => log("journal.failed", { why: `${error}` }));
  };
  const custody = (): Custody => ({ ...house.custody(), clock: clockWatch.quality() });
  const previous = journal.lastManifest();
  const sealer = startSealer({
    signer,
    custody,
    sink: journal,
    previous,
    random,
    log,
    onShortfall: happened,
  });
  started.push(() => sealer.settled());
  const thumbnails = startThumbnails({
    ffmpeg: ffmpeg.path,
    signer,
    custody,
    log,
    sealed: (thumbnail) => uplink.thumbnail(thumbnail),
    picture: (jpeg) => home.picture(jpeg),
  });
  started.push(() => thumbnails.stop());
  const { source, rpicam, rolls } = config;
  const capture = openCapture(
    { source, ffmpeg, rpicam, rolls, clock, random, log },
    {
      clip: (effect) => sealer.push(effect),
      due: (clip, since) => sealer.due(clip, since),
      picked: (frame) => thumbnails.push(frame),
      happened,
      recording: (on) => late.light(on),
      changed: () => late.changed(),
    },
  );
  started.push(() => capture.stop());
  return capture;
}

/** Button, light and chime. The light goes out after the last footage: it is closed when all else is. */
async function openWires(
  { state, config }: Ground,
  { capture, late }: { readonly capture: Capture; readonly late: Late },
  started: Started,
): Promise<Board> {
  const board = await openBoard(
    { wiring: config.wiring, socketPath: join(state, "board.sock"), clock, log },
    { press: () => capture.press(), changed: () => late.changed() },
  );
  started.unshift(() => board.close());
  late.light = (on) => board.light(on);
  return board;
}

type Parts = Card & {
  readonly house: House;
  readonly uplink: Uplink;
  readonly capture: Capture;
  readonly board: Board;
  readonly obeyed: Obeyed;
};

/** What the camera runs by: a mask is in force when no camera runs any more that lacks it. */
type Obeyed = Pick<Facts, "charter" | "mode" | "modeCounter">;

function factsOf({ config }: Ground, parts: Parts): Facts {
  const { clockWatch, journal, house, uplink, capture, board, obeyed } = parts;
  const { recording, video, restarts, trouble } = capture.state();
  const usage = journal.usage();
  const blocked = usage.blocked === undefined ? [] : [`the card takes no footage: ${usage.blocked}`];
  return {
    firmware: firmwareVersion,
    source: describeSource(config.source),
    video,
    recording,
    clock: clockWatch.quality(),
    ...obeyed,
    uptimeSeconds: Math.floor(process.uptime()),
    outboxSegments: usage.pendingSegments,
    outboxBytes: usage.pendingBytes,
    cameraRestarts: restarts,
    trouble: [
      ...house.troubles(),
      ...(trouble === undefined ? [] : [trouble]),
      ...blocked,
      ...uplink.troubles().map(troubleText),
      ...board.troubles(),
    ],
  };
}

/** A camera that shall not run is as well as one that does. */
function isAlive(capture: Capture, house: House): boolean {
  return house.rules().mode === "off" || clock.monotonic() - capture.state().aliveAt < aliveMillis;
}

function serverOf(mqttUrl: string): Server {
  const { hostname, port } = new URL(mqttUrl);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port === "" ? mqttsPort : port) };
}

function giveUp(exitCode: number, sentences: readonly string[]): void {
  process.stderr.write(`${sentences.join("\n")}\n`);
  process.exitCode = exitCode;
}

await main();
