/** A primitive that only its parser makes: two ids or two units of one primitive cannot be swapped by mistake. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** Milliseconds. Wall times count from 1970-01-01 UTC; monotonic times count from an unspecified start. */
export type Millis = Brand<number, "Millis">;
/** A number of bytes. */
export type Bytes = Brand<number, "Bytes">;

export function millis(value: number): Millis {
  return value as Millis;
}

export function bytes(value: number): Bytes {
  return value as Bytes;
}
