/** An expected outcome that the caller must choose on. Failures of the world are exceptions, our own bugs are `assert`. */
export type Result<T, E> = Ok<T> | Refusal<E>;
export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}
export interface Refusal<E> {
  readonly ok: false;
  readonly error: E;
}

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function refuse<E>(error: E): Refusal<E> {
  return { ok: false, error };
}
