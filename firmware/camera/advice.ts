import type { Source } from "./source.js";

type Kind = Source["kind"];
type Hint = readonly [kinds: readonly Kind[], said: RegExp, advice: string];

const all: readonly Kind[] = ["v4l2", "libcamera", "rtsp", "file", "scene"];

const noMicrophone = /cannot open audio device/;

const hints: readonly Hint[] = [
  [["libcamera"], /ENOENT|could not be started/, "Install rpicam-apps, which holds rpicam-vid."],
  [["libcamera"], /no cameras available/i, "No camera is connected to the board: check the ribbon cable."],
  [
    ["v4l2"],
    noMicrophone,
    "The microphone cannot be opened, so the picture is recorded without sound: arecord -L lists the names that audio= may have; the user must be in the group audio.",
  ],
  [
    ["v4l2"],
    /No such (file|device)/,
    "The device is not there: check the cable, and /dev/video* for its number.",
  ],
  [["v4l2"], /Device or resource busy/, "Another program uses the camera: end it first."],
  [
    ["v4l2"],
    /Not a video capture device|Inappropriate ioctl/,
    "This device takes no pictures: try the other /dev/video*.",
  ],
  [["v4l2"], /Permission denied/, "This user may not open the device: add it to the group video."],
  [["rtsp"], /401 Unauthorized|authorization failed/i, "The user name or the password is wrong."],
  [["rtsp"], /404 Not Found/i, "The camera knows no stream of that path: see its manual."],
  [
    ["rtsp"],
    /Connection refused|No route to host|timed out|unreachable/i,
    "Nothing answers at that address: check host, port and network.",
  ],
  [
    ["rtsp"],
    /Failed to resolve|Name or service not known/i,
    "The host's name is not known: check it, or write its address.",
  ],
  [["file"], /No such file/, "There is no such file: check the path."],
  [["file"], /Is a directory/, "This is a directory: name one video file in it."],
  [["file"], /Permission denied/, "This user may not read the file."],
  [["file"], /not on whitelist/, "This is no video file, or a playlist: name one video file."],
  [all, /exceeds specified max pixel count/, "The picture is larger than 4096 × 4096: choose a smaller one."],
  [
    ["file", "rtsp"],
    /Invalid data found|moov atom not found|does not contain any stream|matches no streams/i,
    "This is no video that ffmpeg can read.",
  ],
  [all, /Unknown encoder/, "This ffmpeg cannot encode H.264: install one with libx264."],
  [all, /No space left on device/, "The disk is full."],
];

/** What to do about a child's last words, if they are of a known kind. */
export function adviceOn(source: Source, lines: readonly string[]): string | undefined {
  const said = lines.join("\n");
  return hints.find(([kinds, pattern]) => kinds.includes(source.kind) && pattern.test(said))?.[2];
}

/** Whether a child ended because its microphone cannot be opened; the picture may be well. */
export function isDeaf(lines: readonly string[]): boolean {
  return noMicrophone.test(lines.join("\n"));
}
