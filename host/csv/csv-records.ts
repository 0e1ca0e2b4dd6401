/** What scripts get of a CSV file: which lines, and as lists or as objects. The options are those of `k6/experimental/csv`. */
import { AppError } from '../../errors.js'
import { CsvReader } from './csv-reader.js'

export interface CsvOptions {
  readonly delimiter: string
  readonly skipFirstLine: boolean
  /** The first record that is wanted, counted from 0. */
  readonly fromLine: number
  /** The last one; undefined is the end of the file. */
  readonly toLine: number | undefined
  /** Records as objects, whose keys are the fields of the first record. */
  readonly asObjects: boolean
}

const wrong = (text: string) => new AppError('MESSAGE_INVALID', text)

function assertOptions({ skipFirstLine, fromLine, toLine, asObjects }: CsvOptions): void {
  if (!Number.isSafeInteger(fromLine) || fromLine < 0)
    throw wrong('the "fromLine" option must be a number of 0 or more')
  if (toLine !== undefined && (!Number.isSafeInteger(toLine) || toLine < 0)) {
    throw wrong('the "toLine" option must be a number of 0 or more')
  }
  if (toLine !== undefined && toLine < fromLine) throw wrong('the "toLine" option must not be less than "fromLine"')
  if (asObjects && skipFirstLine) throw wrong('the "asObjects" option cannot be combined with "skipFirstLine"')
  if (asObjects && fromLine > 0) throw wrong('the "asObjects" option cannot be combined with "fromLine"')
}

export class CsvRecords {
  readonly #reader: CsvReader
  readonly #options: CsvOptions
  /** JSON of each key with its colon, and which field it takes, in the order of k6: that of the keys. */
  readonly #keys: readonly (readonly [json: string, field: number])[] | undefined
  #line = 0
  #headerLetters = 0

  /** @throws {AppError} MESSAGE_INVALID for options that contradict each other, or a file without the header they need */
  constructor(bytes: Uint8Array, options: CsvOptions) {
    assertOptions(options)
    this.#reader = new CsvReader(bytes, options.delimiter)
    this.#options = options
    if (options.asObjects) this.#keys = this.#header()
  }

  /** Letters of the header, which is kept. */
  get headerLetters(): number {
    return this.#headerLetters
  }

  /** JSON of the next record: strings only. Undefined at the end. @throws {AppError} MESSAGE_INVALID, LIMIT_SIZE */
  next(): string | undefined {
    const { skipFirstLine, fromLine, toLine } = this.#options
    const first = Math.max(fromLine, skipFirstLine ? 1 : 0)
    for (;;) {
      if (toLine !== undefined && this.#line > toLine) return undefined
      const line = this.#line
      // Counted also where it throws, so that the one behind it is not taken for it.
      this.#line += 1
      const fields = this.#reader.next()
      if (fields === undefined) return undefined
      if (line >= first) return this.#json(fields)
    }
  }

  #header(): readonly (readonly [string, number])[] {
    this.#line += 1
    const header = this.#reader.next()
    if (header === undefined) throw wrong('the "asObjects" option needs a header line, and the file has none')
    this.#headerLetters = header.reduce((sum, name) => sum + name.length, 0)
    // Of two columns with one name the last one counts.
    const fields = new Map(header.map((name, field) => [name, field]))
    return [...fields.keys()].sort().map((name) => [`${JSON.stringify(name)}:`, fields.get(name)!])
  }

  #json(fields: readonly string[]): string {
    if (this.#keys === undefined) return JSON.stringify(fields)
    return `{${this.#keys.map(([key, field]) => `${key}${JSON.stringify(fields[field])}`).join(',')}}`
  }
}
