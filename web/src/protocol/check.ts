/**
 * Small checks that put together the form of a message. A check says what a value is and gives it its type, so
 * that the types of the server's messages are read off the checks and the two cannot drift apart.
 */

export type Check<T> = (value: unknown) => value is T;
export type Checked<C> = C extends Check<infer T> ? T : never;

const optionalMark = Symbol('optional');
export type Optional<T> = Check<T> & { readonly [optionalMark]: true };

type Shape = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<S extends Shape> = {
  [K in keyof S]: S[K] extends { readonly [optionalMark]: true } ? K : never;
}[keyof S];
type Flat<T> = { readonly [K in keyof T]: T[K] };
export type Shaped<S extends Shape> = Flat<
  { [K in Exclude<keyof S, OptionalKeys<S>>]: Checked<S[K]> } & {
    [K in OptionalKeys<S>]?: Checked<S[K]>;
  }
>;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const bool: Check<boolean> = (v): v is boolean => typeof v === 'boolean';

/** A whole number that counts something. */
export const count: Check<number> = (v): v is number => Number.isSafeInteger(v) && (v as number) >= 0;

export const text =
  (max: number): Check<string> =>
  (v): v is string =>
    typeof v === 'string' && v.length <= max;

export const matching =
  (form: RegExp): Check<string> =>
  (v): v is string =>
    typeof v === 'string' && form.test(v);

export const oneOf =
  <const T extends readonly string[]>(...words: T): Check<T[number]> =>
  (v): v is T[number] =>
    typeof v === 'string' && words.includes(v);

export const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (v): v is T | null =>
    v === null || check(v);

export const list =
  <T>(check: Check<T>, max: number): Check<readonly T[]> =>
  (v): v is readonly T[] =>
    Array.isArray(v) && v.length <= max && v.every((item) => check(item));

export function optional<T>(check: Check<T>): Optional<T> {
  const own: Check<T> = (v): v is T => check(v);
  return Object.assign(own, { [optionalMark]: true as const });
}

/** Name of the first field that is missing or of the wrong form; undefined when all are right. */
export function wrongField(shape: Shape, value: Record<string, unknown>): string | undefined {
  for (const [name, check] of Object.entries(shape)) {
    if (value[name] === undefined && optionalMark in check) continue;
    if (!check(value[name])) return name;
  }
  return undefined;
}

/** An object with these fields; others are left alone. */
export const object =
  <S extends Shape>(shape: S): Check<Shaped<S>> =>
  (v): v is Shaped<S> =>
    isRecord(v) && wrongField(shape, v) === undefined;
