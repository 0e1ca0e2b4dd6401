/** Guest half of `k6/experimental/csv`. The files are those of `k6/experimental/fs`; parsing is the host's. */
import { ops } from '../../internal/bridge.js'
import { File } from '../../internal/file.js'
import { GoError } from '../../internal/go-error.js'
import { NativeTypeError, parseJson, toNumber, toText } from '../../internal/primordials.js'
import { promised } from '../../internal/promised.js'
import { sharedArray } from '../../internal/shared-array.js'
import { vu } from '../../internal/vu.js'

type HostOptions = [
  delimiter: string,
  skipFirstLine: boolean,
  fromLine: number,
  toLine: number | undefined,
  asObjects: boolean,
]

const host = ops<{
  parse(file: number, ...options: HostOptions): number
  parser(file: number, ...options: HostOptions): number
  next(parser: number): string | undefined
}>('csv', ['parse', 'parser', 'next'])

function lineNumber(value: unknown, name: string): number {
  const line = toNumber(value)
  if (line - line !== 0) throw new GoError(`the "${name}" option must be a number of 0 or more`)
  return line
}

function fileNumber(file: unknown, caller: string): number {
  const found = File.numberOf(file)
  if (found === undefined) throw new GoError(`${caller} needs a file that open() of k6/experimental/fs gave`)
  return found
}

/** The options in the order in which the host takes them. Names that k6 does not know are without effect, as in k6. */
function optionsOf(given: unknown): HostOptions {
  const options = (given ?? {}) as Record<string, unknown>
  const isGiven = (value: unknown) => value !== undefined && value !== null
  const { delimiter, skipFirstLine, fromLine, toLine, asObjects } = options
  return [
    isGiven(delimiter) ? toText(delimiter) : ',',
    !!skipFirstLine,
    isGiven(fromLine) ? lineNumber(fromLine, 'fromLine') : 0,
    isGiven(toLine) ? lineNumber(toLine, 'toLine') : undefined,
    !!asObjects,
  ]
}

/** All records of a file as an array that all VUs share; parsed once for each set of options. */
export function parse(file?: unknown, options?: unknown): Promise<readonly unknown[]> {
  return promised(() => {
    if (vu.phase !== 'init') throw new GoError('csv.parse() must be called in the init context')
    const number = fileNumber(file, 'csv.parse()')
    const o = optionsOf(options)
    return sharedArray(host.parse(number, o[0], o[1], o[2], o[3], o[4]))
  })
}

/** Gives one record after the other, from the start of the file; each VU has its own. */
export class Parser {
  readonly #number: number

  constructor(file?: unknown, options?: unknown) {
    if (vu.phase !== 'init') throw new GoError('csv Parser constructor must be called in the init context')
    const number = fileNumber(file, 'csv.Parser')
    const o = optionsOf(options)
    this.#number = host.parser(number, o[0], o[1], o[2], o[3], o[4])
  }

  next(): Promise<{ done: boolean; value: unknown }> {
    if (!(#number in this)) throw new NativeTypeError('next() is a method of csv.Parser')
    return promised(() => {
      const json = host.next(this.#number)
      return json === undefined ? { done: true, value: undefined } : { done: false, value: parseJson(json) }
    })
  }
}

export default { parse, Parser }
