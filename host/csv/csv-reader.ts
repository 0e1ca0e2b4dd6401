/**
 * Records of CSV text, by the rules and with the error texts of Go's encoding/csv: fields of any number of lines in quotes,
 * quotes doubled inside of them, `\r\n` like `\n`, empty lines skipped, and as many fields in each record as in the first.
 * Works on bytes: lines and columns are counted as Go counts them.
 */
import { AppError } from '../../errors.js'

const quote = 0x22
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** A record is in one piece while it is read. */
const maxRecordBytes = 8 * 1024 * 1024

const bareQuote = 'bare " in non-quoted field'
const wrongQuote = 'extraneous or missing " in quoted-field'

export class CsvReader {
  readonly #bytes: Buffer
  readonly #delimiter: Buffer
  #at = 0
  /** Number of the last line that was read. */
  #line = 0
  #fieldsPerRecord = 0

  /** @throws {AppError} MESSAGE_INVALID for a delimiter that is none */
  constructor(bytes: Uint8Array, delimiter: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#delimiter = Buffer.from(delimiter, 'utf8')
    if ([...delimiter].length !== 1 || /["\r\n\0\ufffd]/.test(this.#delimiter.toString())) {
      throw new AppError('MESSAGE_INVALID', 'csv: invalid field or comment delimiter')
    }
  }

  /** The fields of the next record; undefined at the end. @throws {AppError} MESSAGE_INVALID with Go's text, LIMIT_SIZE */
  next(): string[] | undefined {
    let line = this.#readLine()
    while (line !== undefined && contentEnd(line) === 0) line = this.#readLine()
    if (line === undefined) return undefined
    const startLine = this.#line
    const fields = this.#record(line)
    if (this.#fieldsPerRecord === 0) this.#fieldsPerRecord = fields.length
    else if (fields.length !== this.#fieldsPerRecord) {
      throw new AppError('MESSAGE_INVALID', `record on line ${startLine}: wrong number of fields`)
    }
    return fields
  }

  /** The next line with its line feed, if it has one; undefined at the end of the file. */
  #readLine(): Buffer | undefined {
    if (this.#at >= this.#bytes.length) return undefined
    const found = this.#bytes.indexOf(lineFeed, this.#at)
    const end = found < 0 ? this.#bytes.length : found + 1
    let line = this.#bytes.subarray(this.#at, end)
    // As in Go, the very last character of a file is no carriage return.
    if (found < 0 && line[line.length - 1] === carriageReturn) line = line.subarray(0, -1)
    this.#at = end
    this.#line += 1
    return line
  }

  #record(first: Buffer): string[] {
    const startLine = this.#line
    const startAt = this.#at
    const fields: string[] = []
    let line = first
    let lineNumber = startLine
    /** Where the rest of the line begins. */
    let from = 0
    const fail = (column: number, what: string): never => {
      const place = `parse error on line ${lineNumber}, column ${column}: ${what}`
      throw new AppError('MESSAGE_INVALID', lineNumber === startLine ? place : `record on line ${startLine}; ${place}`)
    }
    for (;;) {
      if (line[from] !== quote) {
        const found = line.indexOf(this.#delimiter, from)
        const end = found < 0 ? contentEnd(line) : found
        const inside = line.subarray(from, end).indexOf(quote)
        if (inside >= 0) fail(from + inside + 1, bareQuote)
        fields.push(line.toString('utf8', from, end))
        if (found < 0) return fields
        from = found + this.#delimiter.length
        continue
      }
      from += 1
      const parts: string[] = []
      for (;;) {
        const found = line.indexOf(quote, from)
        if (found >= 0) {
          parts.push(line.toString('utf8', from, found))
          from = found + 1
          if (line[from] === quote) {
            parts.push('"')
            from += 1
            continue
          }
          if (this.#isDelimiter(line, from)) {
            from += this.#delimiter.length
            break
          }
          if (from < contentEnd(line)) fail(from, wrongQuote)
          fields.push(parts.join(''))
          return fields
        }
        // The field goes on in the next line. A line ends in one line feed, whatever it ended in.
        parts.push(`${line.toString('utf8', from, contentEnd(line))}${endsLine(line) ? '\n' : ''}`)
        const column = contentEnd(line) + (endsLine(line) ? 2 : 1)
        const next = this.#readLine()
        if (this.#at - startAt > maxRecordBytes) {
          throw new AppError('LIMIT_SIZE', `the CSV record on line ${startLine} has more than ${maxRecordBytes} bytes`)
        }
        if (next === undefined || next.length === 0) return fail(column, wrongQuote)
        line = next
        lineNumber += 1
        from = 0
      }
      fields.push(parts.join(''))
    }
  }

  #isDelimiter(line: Buffer, at: number): boolean {
    return line.subarray(at, at + this.#delimiter.length).equals(this.#delimiter)
  }
}

const endsLine = (line: Buffer): boolean => line[line.length - 1] === lineFeed

/** Where the line's own characters end: before `\n` or `\r\n`. */
function contentEnd(line: Buffer): number {
  if (!endsLine(line)) return line.length
  return line[line.length - 2] === carriageReturn ? line.length - 2 : line.length - 1
}
