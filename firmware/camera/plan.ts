import { assert } from "../../shared/kernel/assert.js";
import { type Bar, barsOf, gridColumns, gridRows, type Mask } from "./mask.js";
import { microphoneInput, type Sound, soundOf, soundOutput } from "./sound.js";
import type { Source, Wish } from "./source.js";

export type Encoder = "h264_v4l2m2m" | "libx264";
export type Mode = "copy" | "encode";

export interface Settings {
  /** Luma frames: this wide, as high as the picture's shape wants, this often. */
  readonly lumaWidth: number;
  readonly lumaFps: number;
  /** The encoder's ceiling; quiet pictures stay far below. */
  readonly bitrateKbpsMax: number;
  /** Faster sources are thinned to this rate when they are encoded. */
  readonly fpsMax: number;
  /** What the Pi's camera and V4L2 devices are asked for where the source does not say. */
  readonly wish: Required<Wish>;
}

export const defaultSettings: Settings = {
  lumaWidth: 160,
  lumaFps: 10,
  bitrateKbpsMax: 2500,
  fpsMax: 30,
  wish: { size: { width: 1280, height: 720 }, fps: 15 },
};

export interface PlanRequest {
  readonly source: Source;
  readonly mode: Mode;
  readonly encoder: Encoder;
  /** libavformat's major version: 58 in ffmpeg 4, 59 in 5, and so on. */
  readonly libavformat: number;
  readonly masks: readonly Mask[];
  /** Whether the household wants sound. Without it the recording has no track of it at all. */
  readonly sound?: boolean;
  /** `own`: a file plays at its own pace. `fast`: as fast as it is read; for tests and benches. */
  readonly pace: "own" | "fast";
  readonly settings: Settings;
}

/** One ffmpeg run: fragments leave through `pipe:1`, luma frames (YUV4MPEG2, mono) through `pipe:3`. */
export interface Plan {
  readonly mode: Mode;
  /** The picture's, and the microphone's where there is one. */
  readonly inputs: readonly Place[];
  readonly graph: string | undefined;
  readonly outputs: readonly Place[];
  /** Who writes into ffmpeg's stdin. */
  readonly feed: "nobody" | "scene" | "rpicam";
}

interface Place {
  readonly options: readonly string[];
  readonly target: string;
}

/** Shortest fragment where the source has more keyframes than one a second. */
const fragmentMicrosMin = 900_000;

/** Whether a source may be H.264 already, so that copying is worth the try. Masks must be painted, so never then. */
export function mayCopy(source: Source, masks: readonly Mask[]): boolean {
  if (masks.length > 0 || source.kind === "scene") return false;
  return source.kind !== "v4l2" || source.format === "h264";
}

export function planOf(request: PlanRequest): Plan {
  assert(
    request.mode === "encode" || request.masks.length === 0,
    "a masked picture would be copied unmasked",
  );
  const { source, mode } = request;
  const feed = source.kind === "scene" ? "scene" : source.kind === "libcamera" ? "rpicam" : "nobody";
  const inputs = [inputOf(request), ...microphoneInput(wantedSound(request))];
  const common = { mode, inputs, feed } as const;
  return mode === "copy"
    ? { ...common, graph: undefined, outputs: copyOutputs(request) }
    : { ...common, graph: graphOf(request), outputs: encodeOutputs(request) };
}

function wantedSound({ source, sound }: PlanRequest): Sound | undefined {
  return sound === true ? soundOf(source) : undefined;
}

/** The arguments for `rpicam-vid`: raw H.264 on stdout with a keyframe and its headers each second. */
export function rpicamArguments(wish: Required<Wish>): readonly string[] {
  const { width, height } = wish.size;
  const size = ["--width", `${width}`, "--height", `${height}`];
  const rate = ["--framerate", `${wish.fps}`, "--intra", `${wish.fps}`];
  return ["-t", "0", "--inline", "--nopreview", "--flush", "--codec", "h264", ...size, ...rate, "-o", "-"];
}

/**
 * The arguments of a small ffmpeg between `rpicam-vid` and the main one. Raw H.264 has no times; when ffmpeg copies and
 * decodes such a stream at once, it puts a hole behind the second frame (measured, 4.1 and 5.1). Copying alone does not.
 */
export function stamperArguments(wish: Required<Wish>): readonly string[] {
  const input = [
    ...briefLook,
    "-fflags",
    "+genpts",
    "-f",
    "h264",
    "-framerate",
    `${wish.fps}`,
    "-i",
    "pipe:0",
  ];
  return [
    "-nostats",
    "-loglevel",
    "error",
    ...input,
    "-c:v",
    "copy",
    "-f",
    "mpegts",
    "-flush_packets",
    "1",
    "pipe:1",
  ];
}

/** ffmpeg looks at a stream for up to 5 s before it starts; a live camera must not wait so long. */
const briefLook: readonly string[] = ["-fpsprobesize", "0", "-analyzeduration", "500000"];
/** A network camera's frame rate is guessed from a few frames: it counts when its pictures are encoded. */
const brisk: readonly string[] = ["-fpsprobesize", "5", "-analyzeduration", "1000000"];

/** Most pixels of a picture that is decoded, 4096 a side: a few kilobytes can claim a picture that takes gigabytes. */
const pixelsMax = 4096 * 4096;

/**
 * ffmpeg's names for what holds one video in one file, across its versions 4 to 7; an unknown name does no harm. Those
 * that open other files are not among them: playlists (hls, dash, concat, imf, sdp), image series, scripts.
 */
const containers =
  "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,nut,wtv,h264,hevc,vvc,av1,obu,ivf,m4v,mjpeg,mpjpeg,yuv4mpegpipe,gif";

function inputOf(request: PlanRequest): Place {
  const { options, target } = openingOf(request);
  return { options: ["-max_pixels", `${pixelsMax}`, ...options], target };
}

function openingOf({ source, settings, pace, sound }: PlanRequest): Place {
  switch (source.kind) {
    case "v4l2": {
      const wish = { ...settings.wish, ...source.wish };
      const format = source.format === undefined ? [] : ["-input_format", source.format];
      const rate = ["-framerate", `${wish.fps}`, "-video_size", sizeText(wish)];
      return { options: ["-f", "v4l2", ...format, ...rate], target: source.device };
    }
    case "libcamera":
      return { options: [...briefLook, "-f", "mpegts"], target: "pipe:0" };
    case "rtsp":
      return {
        options: [
          ...brisk,
          "-rtsp_transport",
          "tcp",
          "-allowed_media_types",
          sound ? "video+audio" : "video",
        ],
        target: source.url,
      };
    case "file": {
      const own = pace === "own" ? ["-re"] : [];
      const loop = source.loop ? ["-stream_loop", "-1"] : [];
      // A file that is a playlist in disguise must not make the camera open other files or addresses.
      const alone = ["-protocol_whitelist", "file", "-format_whitelist", containers];
      return { options: [...alone, ...own, ...loop], target: `file:${source.path}` };
    }
    case "scene": {
      const { fps } = source.spec;
      const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", sizeText({ size: source.spec })];
      return { options: [...raw, "-framerate", `${fps}`], target: "pipe:0" };
    }
  }
}

function sizeText({ size }: Pick<Required<Wish>, "size">): string {
  return `${size.width}x${size.height}`;
}

function copyOutputs(request: PlanRequest): Plan["outputs"] {
  const { settings } = request;
  const copied = ["-map", "0:v:0", "-c:v", "copy"];
  const video = [...recorded(request, copied), "-min_frag_duration", `${fragmentMicrosMin}`];
  const luma = ["-map", "0:v:0", "-filter:v", lumaFilter(settings), ...y4m];
  return [
    { options: video, target: "pipe:1" },
    { options: luma, target: "pipe:3" },
  ];
}

function encodeOutputs(request: PlanRequest): Plan["outputs"] {
  const { encoder, settings, libavformat } = request;
  // A keyframe each second and no other, none that later frames reach over, no frames that wait for later ones.
  const gop = ["-bf", "0", "-flags", "+cgop", "-force_key_frames", "expr:gte(t,n_forced*1)"];
  // ffmpeg 4 takes no expression in its fps filter: there the muxer evens out the rate, at the source's own.
  const even = libavformat < 59 ? ["-vsync", "cfr"] : [];
  const encoded = ["-map", "[video]", ...even, "-c:v", encoder, ...quality(encoder, settings), ...gop];
  return [
    { options: recorded(request, encoded), target: "pipe:1" },
    { options: ["-map", "[luma]", ...y4m], target: "pipe:3" },
  ];
}

/**
 * Constant quality under a ceiling, with three frames' foresight and no frame kept back for its threads. The hardware
 * knows bitrates only, and its own keyframes must stay out of the way.
 */
function quality(encoder: Encoder, { bitrateKbpsMax: kbps }: Settings): readonly string[] {
  if (encoder === "h264_v4l2m2m") return ["-b:v", `${kbps}k`, "-g", "9999"];
  const delay = ["-rc-lookahead", "3", "-x264-params", "sliced-threads=1:sync-lookahead=0"];
  const ceiling = ["-maxrate", `${kbps}k`, "-bufsize", `${2 * kbps}k`];
  return ["-preset", "veryfast", "-crf", "23", ...ceiling, ...delay, "-sc_threshold", "0"];
}

/** One track a fragment, so that sound can be left out of what is released. */
const fragmented = "+frag_keyframe+empty_moov+default_base_moof+separate_moof+skip_trailer";

/** Subtitles and what the source says about itself (a place, a name) stay out of the recording; sound without leave too. */
function recorded(request: PlanRequest, video: readonly string[]): readonly string[] {
  const sound = wantedSound(request);
  const tracks = sound === undefined ? [...video, "-an"] : [...soundOutput(sound), ...video];
  // Else each track would count from its own first frame.
  const flags = sound === undefined ? fragmented : `${fragmented}+frag_discont`;
  const bare = ["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"];
  return [...tracks, ...bare, "-f", "mp4", "-movflags", flags, "-flush_packets", "1"];
}

const y4m: readonly string[] = ["-an", "-sn", "-dn", "-f", "yuv4mpegpipe", "-flush_packets", "1"];

/**
 * Sensor noise costs more bits than all else by night and can be told from movement, which is stronger: so one strength
 * is right by night and by day. After the painting, or a mask's edge would take on what is under it. Not where the
 * hardware encodes: there the processor has no time for it.
 */
const denoise = "hqdn3d=2:2:16:16";

/** Decoded once, thinned, painted, and only then split into the recording and the luma frames. */
function graphOf({ masks, settings, libavformat, encoder }: PlanRequest): string {
  const rate = libavformat >= 59 ? [`fps=fps='min(source_fps,${settings.fpsMax})'`] : [];
  const painted = ["format=yuv420p", ...rate, ...barsOf(masks).map(boxFilter)].join(",");
  const clean = encoder === "libx264" ? denoise : "null";
  return `[0:v:0]${painted},split=2[large][small];[large]${clean}[video];[small]${lumaFilter(settings)}[luma]`;
}

/** `x:y:w:h:colour:thickness`, rounded outwards, so that no masked pixel shows. */
function boxFilter({ column, row, columns, rows }: Bar): string {
  const x = `floor(iw*${column}/${gridColumns})`;
  const y = `floor(ih*${row}/${gridRows})`;
  const w = `ceil(iw*${column + columns}/${gridColumns})-${x}`;
  const h = `ceil(ih*${row + rows}/${gridRows})-${y}`;
  return `drawbox=${x}:${y}:${w}:${h}:black:fill`;
}

function lumaFilter({ lumaWidth, lumaFps }: Settings): string {
  return `fps=${lumaFps},scale=${lumaWidth}:-2:flags=area,format=gray`;
}
