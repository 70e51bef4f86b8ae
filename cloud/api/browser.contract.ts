import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const file = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

/** For a test that needs a browser: why there is none. */
export const noBrowser = file === undefined && "chromium is not installed";

/** Test-only: Debian's Chromium. Only where `noBrowser` is false. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: file ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}
