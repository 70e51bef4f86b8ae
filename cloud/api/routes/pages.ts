import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { App } from "../app.js";

/** The pages' source (no build turns it into anything else), and their scripts as the build bundles them. */
const source = new URL("../../../../cloud/web/", import.meta.url); // from .build/cloud/api/routes/
const built = new URL("../../web/", import.meta.url);

/**
 * A page's scripts, styles and calls come from here only, nothing stands in the page itself, and no text becomes markup.
 * No other page may hold it in a frame.
 */
const policy = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'"],
  ...[
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ],
].join("; ");

const headers = {
  "content-security-policy": policy,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // Looked after at each load: a page and its script are always of one version.
  "cache-control": "no-cache",
};

/** Of the page that shows a shared clip: it plays what it has opened itself, and no search engine keeps it. */
const shareHeaders = {
  "content-security-policy": `${policy}; media-src blob:`,
  "x-robots-tag": "noindex, nofollow, noarchive",
};

const page = "text/html; charset=utf-8";

/** The cloud's own pages for people, each a file, a style and a script; read once, at the start. */
export function addPages(app: App): void {
  serve(app, "/sign-in", page, new URL("sign-in/page.html", source));
  serve(app, "/pages/sign-in.js", "text/javascript; charset=utf-8", new URL("sign-in.bundle.js", built));
  serve(app, "/desk", page, new URL("desk/page.html", source));
  serve(app, "/pages/desk.js", "text/javascript; charset=utf-8", new URL("desk.bundle.js", built));
  serve(app, "/office", page, new URL("office/page.html", source));
  serve(app, "/pages/office.js", "text/javascript; charset=utf-8", new URL("office.bundle.js", built));
  serve(app, "/pages/record.css", "text/css; charset=utf-8", new URL("record/record.css", source));
  serve(app, "/s/:share", page, new URL("share/page.html", source), shareHeaders);
  serve(app, "/pages/share.js", "text/javascript; charset=utf-8", new URL("share.bundle.js", built));
  serve(app, "/pages/style.css", "text/css; charset=utf-8", new URL("style.css", source));
  serve(app, "/pages/icon.svg", "image/svg+xml", new URL("icon.svg", source));
}

/** The public record for people: of a cloud that takes part in releases. */
export function addRecordPage(app: App): void {
  serve(app, "/record", page, new URL("record/page.html", source));
  serve(app, "/pages/record.js", "text/javascript; charset=utf-8", new URL("record.bundle.js", built));
}

function serve(
  app: App,
  path: string,
  type: string,
  file: URL,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = readFileSync(fileURLToPath(file));
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  app.get(path, { schema: { hide: true } }, async (request, reply) => {
    reply.headers({ ...headers, ...more, etag });
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.type(type).send(body);
  });
}
