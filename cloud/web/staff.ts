import type { Static } from "typebox";
import type { signedInOffice } from "../api/contract/offices.js";
import { Refusal } from "./call.js";
import { language, setLanguage } from "./cards.js";
import { button, element, say, show } from "./dom.js";
import { openSession } from "./session.js";
import { linkInAddress, showNewPasskey, showSignIn, type Way } from "./ways.js";
import { wayWords } from "./waywords.js";

// What the operators' and the officers' page share: the way in, the session, the way out.

export type Me = Static<typeof signedInOffice>;

interface StaffWords {
  readonly title: string;
  readonly foot: string;
  readonly reload: string;
  readonly signOut: string;
  readonly signOutEverywhere: string;
  readonly signedOut: string;
}

export interface StaffPage {
  /** Shows the page to who is signed in, and else how to sign in. */
  start(): Promise<void>;
  /** A list of the side's own, such as `queue`. */
  get<T>(path: string): Promise<T>;
  post(path: string, body?: object): Promise<void>;
  /** To look again, and to leave. */
  doors(again: () => Promise<void>): HTMLElement;
  /** Out of the session, with a sentence. */
  leave(sentence: string): void;
}

interface StaffOptions {
  /** The first word of the side's routes and commands. */
  readonly side: "operator" | "agency";
  readonly words: StaffWords;
  readonly enter: (me: Me) => Promise<void>;
  /** Nobody is in any more. */
  readonly onLeave?: () => void;
}

export function openStaffPage({ side, words, enter, onLeave }: StaffOptions): StaffPage {
  const prefix = `/${side}/v1`;
  const ways = wayWords[language];
  const session = openSession<Me>(prefix, ways.isOver);
  const way: Way = {
    ...{ prefix, command: `lintel ${side}`, words: ways },
    enter: async (answer) => enter(session.keep(answer)),
  };
  const open = async (): Promise<void> => {
    const link = linkInAddress();
    if (link !== undefined) return showNewPasskey(way, link);
    const me = await session.current();
    return me === undefined ? showSignIn(way) : enter(me);
  };
  const leave = (sentence: string): void => {
    onLeave?.();
    session.forget();
    showSignIn(way);
    say(sentence, "good");
  };
  const signOut = async (which: "session" | "sessions"): Promise<void> => {
    await session.ask({ method: "DELETE", path: `${prefix}/${which}` });
    leave(words.signedOut);
  };
  return {
    async start() {
      setLanguage(words.foot);
      await open().catch((error: unknown) => {
        show(words.title);
        say(error instanceof Error ? error.message : String(error), "warn");
      });
    },
    get: <T>(path: string) => session.ask({ method: "GET", path: `${prefix}/${path}` }) as Promise<T>,
    async post(path, body) {
      await session.ask({ method: "POST", path: `${prefix}/${path}`, ...(body && { body }) });
    },
    doors: (again) =>
      element(
        "div",
        { class: "row" },
        button(words.reload, again, "small"),
        button(words.signOut, () => signOut("session"), "small"),
        button(words.signOutEverywhere, () => signOut("sessions"), "small danger"),
      ),
    leave,
  };
}

/** A cloud that takes no part in releases has none of these lists. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.kind === "not-there") return undefined;
    throw error;
  }
}
