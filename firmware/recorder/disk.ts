/**
 * What the journal needs of a file system, and no more, so that a test can cut the power at each operation. All of them
 * reject with the system's error (`code`: ENOSPC, EIO …) unless they say otherwise.
 */
export interface Disk {
  /** The directory and its parents; nothing when it is there. */
  makeDir(path: string): Promise<void>;
  /** Names in a directory, in no order; none when it is not there. */
  list(path: string): Promise<readonly string[]>;
  /** What has this name, links followed; `other` is what may never be opened, such as a pipe, or a link to nothing. */
  kind(path: string): Promise<"file" | "directory" | "other" | undefined>;
  /** `undefined` when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Fewer bytes at the end of the file; `undefined` when there is no such file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array | undefined>;
  /**
   * Creates or replaces a file. Its content is durable when resolved if `sync` is set, its name only after `syncDir`.
   * A power cut before that leaves any part of it.
   */
  write(path: string, parts: readonly Uint8Array[], durability: { readonly sync: boolean }): Promise<void>;
  /** Whole or not at all, durable after `syncDir`. */
  rename(from: string, to: string): Promise<void>;
  /** Names in this directory are durable: those that came, went and changed. */
  syncDir(path: string): Promise<void>;
  /** Nothing when there is no such file. */
  remove(path: string): Promise<void>;
  /** An empty directory; nothing when it is not there. */
  removeDir(path: string): Promise<void>;
}
