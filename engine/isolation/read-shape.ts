/** Reads plain data from somebody who is not believed: each value has its type and its bounds, or all of it is refused. */

/** What came is not what was agreed on. */
export class ShapeError extends Error {}

type Read<T> = (value: unknown, what: string) => T

function refuse(what: string, wanted: string): never {
  throw new ShapeError(`${what} is not ${wanted}`)
}

/** The named members of an object; there may be others, which are left out. */
export function readObject(value: unknown, what: string): (name: string) => unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(what, 'an object')
  return (name) => (Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined)
}

export const text =
  (maxLetters: number): Read<string> =>
  (value, what) =>
    typeof value === 'string' && value.length <= maxLetters ? value : refuse(what, `a text of ${maxLetters} letters`)

export const flag: Read<boolean> = (value, what) => (typeof value === 'boolean' ? value : refuse(what, 'true or false'))

/** A number that is finite. */
export const number =
  (least: number, most: number): Read<number> =>
  (value, what) =>
    typeof value === 'number' && value >= least && value <= most ? value : refuse(what, `from ${least} to ${most}`)

export const integer =
  (least: number, most: number): Read<number> =>
  (value, what) =>
    Number.isSafeInteger(value) ? number(least, most)(value, what) : refuse(what, 'a whole number')

export const list =
  <T>(maxCount: number, each: Read<T>): Read<T[]> =>
  (value, what) => {
    if (!Array.isArray(value) || value.length > maxCount) refuse(what, `a list of ${maxCount}`)
    return value.map((item, i) => each(item, `${what}[${i}]`))
  }

export const oneOf =
  <const T extends string>(...texts: readonly T[]): Read<T> =>
  (value, what) =>
    texts.find((known) => known === value) ?? refuse(what, `one of ${texts.join(', ')}`)

/** Undefined for a member that is not there. */
export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, what) =>
    value === undefined ? undefined : read(value, what)

export const nullable =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, what) =>
    value === null ? undefined : read(value, what)

/** The object without members that are undefined. */
export function defined<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  for (const key of Object.keys(members) as (keyof T)[]) if (members[key] === undefined) delete members[key]
  return members as { [K in keyof T]: Exclude<T[K], undefined> }
}
