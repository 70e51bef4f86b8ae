import { ok, type Result, refuse } from "../../shared/kernel/result.js";
import { parseSceneSpec, type SceneSpec } from "./scene/spec.js";

/** What a camera asks of a live device; where a field is missing, the device's own default holds. */
export interface Wish {
  /** Pixels. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly fps?: number;
}

/** Where a camera's pictures come from. */
export type Source =
  | {
      readonly kind: "v4l2";
      readonly device: string;
      readonly wish: Wish;
      readonly format?: V4l2Format;
      /** ALSA's name of the microphone, such as `plughw:1`. It is opened only where the charter wants sound. */
      readonly audio?: string;
    }
  | { readonly kind: "libcamera"; readonly wish: Wish }
  | { readonly kind: "rtsp"; readonly url: string }
  | { readonly kind: "file"; readonly path: string; readonly loop: boolean }
  | { readonly kind: "scene"; readonly spec: SceneSpec };

/** A message for the person who wrote the source; it never repeats a password. */
export interface SourceRefusal {
  readonly kind: "bad-source";
  readonly message: string;
}

type Parsed = Result<Source, SourceRefusal>;

const v4l2Formats = ["h264", "mjpeg", "yuyv422"] as const;
type V4l2Format = (typeof v4l2Formats)[number];

const fpsMax = 60;
const sidePixelsMin = 64;
const sidePixelsMax = 4096;
const sourceCharactersMax = 2048;
const forms =
  "v4l2:/dev/video0, libcamera, rtsp://host/path, file:/path/to/video or scene:seed=1; each is described in the README";

/**
 * Parses `v4l2:/dev/video0[?size=1280x720&fps=15&format=h264&audio=plughw:1]`, `libcamera[?size=…&fps=…]`, `rtsp://…`,
 * `rtsps://…`, `file:/path[?loop=1]`, a bare path, or `scene[:…]`.
 */
export function parseSource(text: string): Parsed {
  if (text === "") return refused(`No camera source is given. Write one of ${forms}.`);
  if (text.length > sourceCharactersMax) {
    return refused(`The camera source is longer than ${sourceCharactersMax} characters.`);
  }
  if (hasControl(text)) return refused("The camera source holds a line break or another control character.");
  const scheme = /^[a-z0-9]{2,}(?=:)/i.exec(text)?.[0].toLowerCase();
  if (text === "libcamera" || text.startsWith("libcamera?") || scheme === "libcamera")
    return parseLibcamera(text);
  if (text === "scene" || scheme === "scene") return parseScene(text);
  if (scheme === "v4l2") return parseV4l2(text);
  if (scheme === "rtsp" || scheme === "rtsps") return parseRtsp(text);
  if (scheme === "file" || scheme === undefined) return parseFile(text);
  return refused(`Camera sources of the kind "${scheme}:" are not known. Write one of ${forms}.`);
}

/** The same text without user names and passwords in it, for logs, screens and stderr lines. */
export function redact(text: string): string {
  return text.replace(/(rtsps?:\/\/)\S*@/gi, "$1…@");
}

/** The source as a person wrote it, fit for a log. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case "v4l2":
      return `v4l2:${source.device}`;
    case "libcamera":
      return "libcamera";
    case "rtsp":
      return redact(source.url);
    case "file":
      return `file:${source.path}${source.loop ? "?loop=1" : ""}`;
    case "scene":
      return `scene:seed=${source.spec.seed},size=${source.spec.width}x${source.spec.height},fps=${source.spec.fps}`;
  }
}

function parseScene(text: string): Parsed {
  const spec = parseSceneSpec(text);
  return spec.ok ? ok({ kind: "scene", spec: spec.value }) : refused(spec.error.message);
}

function parseV4l2(text: string): Parsed {
  const [device, query] = cutAtQuery(text.slice("v4l2:".length));
  if (!/^\/dev\/[A-Za-z0-9/_.:-]+$/.test(device) || device.includes("..")) {
    return refused(`A V4L2 camera is a device such as v4l2:/dev/video0, not "${text}".`);
  }
  const options = readOptions(query, ["size", "fps", "format", "audio"], text);
  if (!options.ok) return options;
  const wish = readWish(options.value);
  if (!wish.ok) return wish;
  const wanted = valueFor(options.value, "format");
  const format = v4l2Formats.find((known) => known === wanted);
  if (wanted !== undefined && format === undefined) {
    return refused(`The format "${wanted}" of a V4L2 camera is not one of ${v4l2Formats.join(", ")}.`);
  }
  const audio = valueFor(options.value, "audio");
  if (audio !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_:,.-]{0,63}$/.test(audio)) {
    return refused(
      `audio is a microphone's name in ALSA, such as plughw:1 (arecord -l lists them), not "${audio}".`,
    );
  }
  const camera = { kind: "v4l2", device, wish: wish.value } as const;
  return ok({ ...camera, ...(format && { format }), ...(audio !== undefined && { audio }) });
}

function parseLibcamera(text: string): Parsed {
  const [name, query] = cutAtQuery(text);
  if (name !== "libcamera")
    return refused(`The Pi's camera is written libcamera or libcamera?fps=15, not "${text}".`);
  const options = readOptions(query, ["size", "fps"], text);
  if (!options.ok) return options;
  const wish = readWish(options.value);
  return wish.ok ? ok({ kind: "libcamera", wish: wish.value }) : wish;
}

function parseRtsp(text: string): Parsed {
  const parts = /^(rtsps?):\/\/([^\s/?#]*@)?(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(\/\S*)?$/i.exec(
    text,
  );
  const port = Number(parts?.[4]?.slice(1) ?? 554);
  if (parts === null || port < 1 || port > 65535) {
    return refused(
      `"${redact(text)}" is not an address such as rtsp://user:password@192.168.1.20:554/stream1.`,
    );
  }
  return ok({ kind: "rtsp", url: text });
}

function parseFile(text: string): Parsed {
  const [path, query] = cutAtQuery(text.replace(/^file:(\/\/(?=\/))?/i, ""));
  if (path === "") return refused(`"${text}" names no file; write file:/path/to/video.`);
  const options = readOptions(query, ["loop"], text);
  if (!options.ok) return options;
  const loop = valueFor(options.value, "loop") ?? "0";
  if (loop !== "0" && loop !== "1") return refused(`loop is 1 or 0, not "${loop}", in "${text}".`);
  return ok({ kind: "file", path, loop: loop === "1" });
}

interface Option {
  readonly name: string;
  readonly value: string;
}

function cutAtQuery(text: string): readonly [string, string | undefined] {
  const at = text.indexOf("?");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function readOptions(
  query: string | undefined,
  known: readonly string[],
  text: string,
): Result<readonly Option[], SourceRefusal> {
  const options: Option[] = [];
  for (const part of query?.split("&") ?? []) {
    const equals = part.indexOf("=");
    const option = { name: part.slice(0, Math.max(0, equals)), value: part.slice(equals + 1) };
    const fault = faultOf(option, known, options);
    if (fault !== undefined) return refused(`"${part}" in "${text}" ${fault}.`);
    options.push(option);
  }
  return ok(options);
}

function faultOf(option: Option, known: readonly string[], before: readonly Option[]): string | undefined {
  if (!known.includes(option.name))
    return `is not an option; known are ${known.map((name) => `${name}=…`).join(", ")}`;
  if (option.value === "") return "has no value";
  return before.some((other) => other.name === option.name) ? "is given twice" : undefined;
}

function valueFor(options: readonly Option[], name: string): string | undefined {
  return options.find((option) => option.name === name)?.value;
}

function readWish(options: readonly Option[]): Result<Wish, SourceRefusal> {
  const sizeText = valueFor(options, "size");
  const fpsText = valueFor(options, "fps");
  const size = /^(\d{2,4})x(\d{2,4})$/.exec(sizeText ?? "");
  const width = Number(size?.[1]);
  const height = Number(size?.[2]);
  const fits = [width, height].every(
    (side) => side >= sidePixelsMin && side <= sidePixelsMax && side % 2 === 0,
  );
  if (sizeText !== undefined && !fits) {
    return refused(
      `size is WIDTHxHEIGHT in even pixels, ${sidePixelsMin} to ${sidePixelsMax} each, not "${sizeText}".`,
    );
  }
  const fps = Number(fpsText);
  if (fpsText !== undefined && (!/^\d{1,2}$/.test(fpsText) || fps < 1 || fps > fpsMax)) {
    return refused(`fps is a whole number from 1 to ${fpsMax}, not "${fpsText}".`);
  }
  return ok({
    ...(sizeText === undefined ? {} : { size: { width, height } }),
    ...(fpsText === undefined ? {} : { fps }),
  });
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) < 32 || text.charCodeAt(i) === 127) return true;
  return false;
}

function refused(message: string): Result<never, SourceRefusal> {
  return refuse({ kind: "bad-source", message });
}
