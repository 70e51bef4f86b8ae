import { createInterface } from "node:readline";
import { type Fields, fieldsOf, UnexpectedAnswer } from "../fields.js";
import { type Server, send } from "../http.io.js";

/** Documents of an answer, one a line, as they come: however many there are, one is in memory. */
export async function* documentsOf(server: Server, path: string): AsyncGenerator<Fields> {
  const answer = await send(server, { method: "GET", path });
  for await (const line of createInterface({ input: answer, crlfDelay: Number.POSITIVE_INFINITY }))
    if (line !== "") yield fieldsOf(parsed(line, path), path);
  if (!answer.complete) throw new UnexpectedAnswer(`${path} broke off`);
}

function parsed(line: string, path: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new UnexpectedAnswer(`${path} gave no JSON`);
  }
}
