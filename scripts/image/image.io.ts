import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { firmwareVersion } from "../../firmware/config.js";
import { hashOf } from "../../shared/seal/hash.js";
import { formatVerifier, type Signer, signNote, verifierOf } from "../../shared/seal/note.js";
import { formatPackageWord } from "../../shared/seal/release.js";

/** Of the project: this file runs from .build/scripts/image. */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const recipe = join(root, "scripts/image/debian");
/** Packages that no board needs: other ways to an ffmpeg, which the package depends on, and fluent-ffmpeg's own coverage build. */
const leftOut = ["ffmpeg-static", "@ffmpeg-installer/ffmpeg", "./lib-cov/fluent-ffmpeg"];
/** What packages in CommonJS find missing in a module. */
const banner =
  'import { createRequire as lintelRequire } from "node:module"; const require = lintelRequire(import.meta.url); const __dirname = import.meta.dirname;';
const places: Readonly<Record<string, { readonly path: string; readonly mode: number }>> = {
  lintel: { path: "usr/bin/lintel", mode: 0o755 },
  "lintel-camera.service": { path: "lib/systemd/system/lintel-camera.service", mode: 0o644 },
  "lintel-camera.conf": { path: "usr/lib/sysusers.d/lintel-camera.conf", mode: 0o644 },
  postinst: { path: "DEBIAN/postinst", mode: 0o755 },
  prerm: { path: "DEBIAN/prerm", mode: 0o755 },
  postrm: { path: "DEBIAN/postrm", mode: 0o755 },
};

/**
 * Writes the Debian package of the camera into `folder`, and beside it the release key's word for it; answers the package's path. It
 * takes the next package by that key only. The same sources and key give the same bytes. Throws where dpkg-deb is missing or a
 * source does not build.
 */
export async function buildPackage(folder: string, signer: Signer): Promise<string> {
  const tree = mkdtempSync(join(tmpdir(), "lintel-image-"));
  try {
    chmodSync(tree, 0o755);
    await bundle(join(tree, "usr/lib/lintel"));
    for (const [name, { path, mode }] of Object.entries(places))
      put(join(tree, path), readFileSync(join(recipe, name), "utf8"), mode);
    put(join(tree, "usr/share/doc/lintel-camera/copyright"), readFileSync(join(root, "LICENSE"), "utf8"));
    put(join(tree, "usr/lib/lintel/release.vkey"), `${formatVerifier(verifierOf(signer))}\n`);
    const control = readFileSync(join(recipe, "control"), "utf8")
      .replace("VERSION", firmwareVersion)
      .replace("SIZE", `${Math.ceil(sizeOf(tree) / 1024)}`);
    put(join(tree, "DEBIAN/control"), control);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `lintel-camera_${firmwareVersion}_all.deb`);
    pack(tree, path);
    signPackage(path, signer);
    return path;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Writes the release key's word for the package into `FILE.note`. */
export function signPackage(path: string, signer: Signer): void {
  const field = (name: string): string =>
    execFileSync("dpkg-deb", ["-f", path, name], { encoding: "utf8" }).trim();
  const bytes = readFileSync(path);
  const word = formatPackageWord({
    name: field("Package"),
    version: field("Version"),
    architecture: field("Architecture"),
    bytes: bytes.length,
    sha256: hashOf(bytes),
  });
  writeFileSync(`${path}.note`, signNote(word, [signer]));
}

/** The firmware and the command line, with all that they import, beside the core that both load. */
async function bundle(folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { firmware: "firmware/main.ts", lintel: "scripts/cli/main.ts" },
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: leftOut,
    banner: { js: banner },
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "linked",
    logLevel: "warning",
  });
  cpSync(join(root, ".build/firmware/core.bundle.js"), join(folder, "core.bundle.js"));
  put(join(folder, "package.json"), '{"type":"module"}\n');
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
}

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

/** Bytes, of all files. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function pack(tree: string, path: string): void {
  try {
    const env = { ...process.env, SOURCE_DATE_EPOCH: "0" };
    execFileSync("dpkg-deb", ["--root-owner-group", "--uniform-compression", "--build", tree, path], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      throw new Error("The package needs dpkg-deb, which is on every Debian: build it there.", { cause });
    throw cause;
  }
}
