import type { ProblemDocument } from "../api/contract/common.js";

/** The cloud refused; the message is its own sentence. */
export class Refusal extends Error {
  readonly kind: string;
  constructor({ type, detail }: Pick<ProblemDocument, "type" | "detail">) {
    super(detail);
    this.kind = type.split(":").at(-1) ?? "";
  }
}

export interface Asked {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly token?: string;
}

/** Asks the page's own cloud. It is sent to its end also when the page is left: an answer may carry the next cookie. */
export async function ask(asked: Asked): Promise<unknown> {
  const { method, path, body, token } = asked;
  const answer = await fetch(path, {
    method,
    keepalive: true,
    credentials: "same-origin",
    headers: {
      ...(body && { "content-type": "application/json" }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error("The cloud cannot be reached. Look whether this device is online, then try again.");
  });
  if (answer.status === 204) return undefined;
  const told: unknown = await answer.json().catch(() => undefined);
  if (answer.ok && told !== undefined) return told;
  throw refusalIn(told);
}

/** What an answer that is none refuses, in a sentence. */
export function refusalIn(told: unknown): Error {
  return isProblem(told)
    ? new Refusal(told)
    : new Error("The cloud gave an answer that this page does not understand. Load the page again.");
}

function isProblem(told: unknown): told is ProblemDocument {
  return typeof told === "object" && told !== null && "type" in told && "detail" in told;
}
