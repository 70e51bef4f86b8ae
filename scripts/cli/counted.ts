/** `1 request`, `2 requests`: for words whose plural is an s. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
