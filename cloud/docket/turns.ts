/** Carries out what has the same key one after the other: what one counts still stands when it takes its step. */
export function turns<Key>(): <T>(key: Key, run: () => Promise<T>) => Promise<T> {
  const last = new Map<Key, Promise<unknown>>();
  return async (key, run) => {
    const mine = (last.get(key) ?? Promise.resolve()).catch(() => undefined).then(run);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
