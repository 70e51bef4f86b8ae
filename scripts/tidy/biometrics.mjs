// Refuses every package, ours or another's dependency, whose name says that it recognises people by face, body, voice
// or number plate. A name is all that can be looked at here; what a package does, a person reads before it is added.
import { existsSync, readFileSync } from "node:fs";

const recognises = [
  /(^|[^a-z])(face|faces|facial)([^a-z]|$|api|net|recog|detect|id|match|mesh|landmark)/,
  /(deep|insight|arc|blaze|retina|mobile)face|facenet|faceapi|biometr|rekognition|clmtrackr|mediapipe|opencv|dlib/,
  /(^|[^a-z])(alpr|anpr|lpr)([^a-z]|$)|openalpr|(licen[cs]e|number)-?plate|voiceprint|speaker-?(id|recog)|gait|iris-?recog/,
];
const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const own = [
  "package.json",
  ...(read("package.json").workspaces ?? []).map((folder) => `${folder}/package.json`),
];
const named = own
  .filter((path) => existsSync(path))
  .flatMap((path) =>
    kinds.flatMap((kind) => Object.keys(read(path)[kind] ?? {})).map((name) => [path, name]),
  );
const locked = Object.keys(read("package-lock.json").packages ?? {})
  .map((path) => path.split("node_modules/").at(-1))
  .filter((name) => name !== "")
  .map((name) => ["package-lock.json", name]);

const refused = [...named, ...locked].filter(([, name]) =>
  recognises.some((pattern) => pattern.test(name.toLowerCase())),
);
for (const [path, name] of refused)
  console.log(`${path}: ${name} recognises people. Lintel keeps no biometric template.`);
console.log(`${named.length + locked.length} packages named, ${refused.length} refused`);
process.exitCode = refused.length === 0 ? 0 : 1;
