/** An answer that has not the form it should have: another version of the cloud, or not a Lintel cloud at all. */
export class UnexpectedAnswer extends Error {}

/** Reads JSON by name. Every fault names where it is. */
export interface Fields {
  text(name: string): string;
  maybeText(name: string): string | undefined;
  number(name: string): number;
  maybeNumber(name: string): number | undefined;
  maybeFlag(name: string): boolean | undefined;
  list<T>(name: string, read: (item: Fields) => T): readonly T[];
  texts(name: string): readonly (string | null)[];
  numbers(name: string): readonly number[];
  maybe<T>(name: string, read: (item: Fields) => T): T | undefined;
}

export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(where, "an object");
  const values = new Map<string, unknown>(Object.entries(value));
  const optional = <T>(name: string, is: (found: unknown) => found is T, what: string): T | undefined => {
    const found = values.get(name) ?? undefined;
    if (found === undefined || is(found)) return found;
    throw wrong(`${where}.${name}`, what);
  };
  const needed = <T>(name: string, found: T | undefined, what: string): T => {
    if (found === undefined) throw wrong(`${where}.${name}`, what);
    return found;
  };
  const maybeText = (name: string) => optional(name, isText, "a text");
  const maybeNumber = (name: string) => optional(name, isNumber, "a number");
  const maybeFlag = (name: string) => optional(name, isFlag, "true or false");
  const array = (name: string) => needed(name, optional(name, isList, "a list"), "a list");
  return {
    maybeText,
    maybeNumber,
    maybeFlag,
    text: (name) => needed(name, maybeText(name), "a text"),
    number: (name) => needed(name, maybeNumber(name), "a number"),
    list: (name, read) => array(name).map((item, i) => read(fieldsOf(item, `${where}.${name}[${i}]`))),
    texts: (name) =>
      array(name).map((item) => {
        if (item === null || typeof item === "string") return item;
        throw wrong(`${where}.${name}`, "a list of texts");
      }),
    numbers: (name) =>
      array(name).map((item) => {
        if (isNumber(item)) return item;
        throw wrong(`${where}.${name}`, "a list of numbers");
      }),
    maybe: (name, read) => {
      const found = values.get(name) ?? undefined;
      return found === undefined ? undefined : read(fieldsOf(found, `${where}.${name}`));
    },
  };
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

function wrong(where: string, what: string): UnexpectedAnswer {
  return new UnexpectedAnswer(`${where} is not ${what}`);
}
