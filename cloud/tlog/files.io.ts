import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ignoreMissing, syncDirectory } from "../disk.io.js";

/** Where a log's files are. */
export type LogStore = Pick<LogFiles, "root" | "read" | "write" | "remove">;

/** Files of a log under one directory; each is whole and durable when `write` resolves, or not there. */
export class LogFiles {
  readonly root: string;
  /** Directories whose names are durable. */
  private readonly made = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  /** `undefined` where there is none. */
  async read(path: string): Promise<Uint8Array | undefined> {
    return (await readFile(join(this.root, path)).catch(ignoreMissing)) as Uint8Array | undefined;
  }

  /** Power lost before it resolves: the file of before, or none, stands. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const to = join(this.root, path);
    await this.makeDirectory(dirname(to));
    const half = `${to}.half`;
    const file = await open(half, "w", 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(half, to);
    await syncDirectory(dirname(to));
  }

  /** Forgets a directory with all in it. */
  async remove(path: string): Promise<void> {
    this.made.delete(join(this.root, path));
    await rm(join(this.root, path), { recursive: true, force: true });
  }

  private async makeDirectory(path: string): Promise<void> {
    if (this.made.has(path)) return;
    if (path !== this.root) await this.makeDirectory(dirname(path));
    await mkdir(path, { recursive: true, mode: 0o755 });
    await syncDirectory(dirname(path));
    this.made.add(path);
  }
}
