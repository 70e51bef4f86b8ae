/** A write that found no room is tried again after this, or as soon as room was made. */
const retryMillis = 1_000;

/** Works that are carried out one after another, in the order of the calls, until the lane is closed. */
export class Lane {
  private last: Promise<unknown> = Promise.resolve();
  private closing = false;
  private wakeUp: () => void = () => {};

  /** What fails is the caller's to know and stops nothing that comes later. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.closing) return Promise.reject(closed());
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  isClosed(): boolean {
    return this.closing;
  }

  /** Resolves when it is worth trying again what found no room. Works go on in the meantime. */
  async roomOrTime(): Promise<void> {
    if (this.closing) throw closed();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryMillis);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = () => {};
  }

  /** Room may have been made: whoever waits for it tries again. */
  wake(): void {
    this.wakeUp();
  }

  /** Takes no work any more; a wait for room is given up. */
  close(): void {
    this.closing = true;
    this.wakeUp();
  }

  /** Resolves after the last work. */
  async ended(): Promise<void> {
    await this.last;
  }
}

function closed(): Error {
  return new Error(
    "The journal was closed before this was written; it is lost unless the next start makes it anew.",
  );
}
