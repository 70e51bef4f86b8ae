import { type Asked, ask, Refusal } from "./call.js";

/** What every side's cloud answers to a sign-in. */
interface Grant {
  readonly token: string;
  readonly expiresAt: string;
}

/** Before its end at which a token counts as over. */
const marginMillis = 30_000;

/** A side's session in this page's memory only; what renews it lies in a cookie that no script reads. */
export interface PageSession<T extends Grant> {
  /** What the cloud answered to a sign-in. */
  keep(answer: unknown): T;
  forget(): void;
  /** The session that this browser has, renewed where it must be; `undefined` when it has none. */
  current(): Promise<T | undefined>;
  /** As whoever is signed in. */
  ask(asked: Asked): Promise<unknown>;
}

/** `prefix`: the first words of the side's routes. `isOver` is the sentence for whoever is signed out by now. */
export function openSession<T extends Grant>(prefix: string, isOver: string): PageSession<T> {
  let kept: T | undefined;
  const keep = (answer: unknown): T => {
    kept = answer as T;
    return kept;
  };
  const current = async (): Promise<T | undefined> => {
    if (kept !== undefined && Date.parse(kept.expiresAt) - marginMillis > Date.now()) return kept;
    try {
      // Of all tabs one at a time: what renews a session counts once, and a second time ends it.
      return await navigator.locks.request(`lintel-session ${prefix}`, async () =>
        keep(await ask({ method: "POST", path: `${prefix}/session/browser` })),
      );
    } catch (error) {
      if (error instanceof Refusal && ["not-logged-in", "session-over"].includes(error.kind))
        return undefined;
      throw error;
    }
  };
  return {
    keep,
    current,
    forget() {
      kept = undefined;
    },
    async ask(asked) {
      const session = await current();
      if (session === undefined) throw new Error(isOver);
      return ask({ ...asked, token: session.token });
    },
  };
}
