/** One event of a `text/event-stream` (WHATWG HTML §9.2). */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** Longest event in characters: a line that never ends must not eat the memory. */
const eventCharsMax = 256 * 1024;

/** Takes the stream piece by piece, wherever it was cut, and gives each event when it is whole. */
export function createEventReader(): (text: string) => readonly ServerEvent[] {
  let rest = "";
  return (text) => {
    const blocks = (rest + text).replaceAll("\r\n", "\n").split("\n\n");
    rest = (blocks.pop() ?? "").slice(-eventCharsMax);
    return blocks.map(readBlock).filter((event) => event !== undefined);
  };
}

/** `undefined` for a block of comments: the heartbeat. */
function readBlock(block: string): ServerEvent | undefined {
  const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"));
  const values = (name: string) =>
    lines
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = values("data");
  const id = values("id").at(-1);
  if (data.length === 0) return undefined;
  return {
    event: values("event").at(-1) ?? "message",
    data: data.join("\n"),
    ...(id !== undefined && { id }),
  };
}
