// npm run image -- [--out DIR] [--key FILE] [--json]: builds the camera's Debian package.
import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildPackage } from "./image/image.io.js";
import { developmentKey, openReleaseKey } from "./image/releasekey.io.js";

const usage = `npm run image -- [--out DIR] [--json]

Builds the Debian package that a camera's board needs: firmware, service and the lintel command, for any processor.
  --out DIR   where to write it, and the release key's signature beside it (default: .build)
  --key FILE  the release key; its boards take their next package by it only (default: a development key,
              made at its first use in ~/.config/lintel)
  --json      print path and bytes as JSON
On a new board: apt-get install ./lintel-camera_VERSION_all.deb, then lintel install. Later: lintel update FILE.
Exit code: 0 built, 1 failed, 2 used wrongly.
`;

try {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: ".build" },
      key: { type: "string", default: developmentKey },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) process.stdout.write(usage);
  else {
    const path = await buildPackage(values.out, openReleaseKey(values.key, process.cwd()));
    const bytes = statSync(path).size;
    process.stdout.write(
      values.json ? `${JSON.stringify({ path, bytes })}\n` : `${path}: ${(bytes / 1e6).toFixed(1)} MB\n`,
    );
  }
} catch (error) {
  const wrongUse = error instanceof TypeError && "code" in error;
  process.stderr.write(wrongUse ? usage : `image: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = wrongUse ? 2 : 1;
}
