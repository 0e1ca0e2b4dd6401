/** Trusted half of `k6/experimental/csv`: whole files as shared arrays, and parsers that give one record after the other. */
import { isAppError } from '../../errors.js'
import { GuestError } from '../../runtime/guest-error.js'
import { defineHostModule, number, text } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import type { VuContext } from '../vu-context.js'
import { type CsvOptions, CsvRecords } from './csv-records.js'

const maxParsers = 10_000
const maxHeaderLetters = 16 * 1024 * 1024
/** So much JSON is made before other VUs of the thread have their turn. */
const lengthPerTurn = 1024 * 1024

function optionsOf(args: readonly Crossing[]): CsvOptions {
  const [delimiter, skipFirstLine, fromLine, toLine, asObjects] = args
  return {
    delimiter: text(delimiter, 'delimiter'),
    skipFirstLine: skipFirstLine === true,
    fromLine: number(fromLine, 'fromLine'),
    toLine: toLine === undefined ? undefined : number(toLine, 'toLine'),
    asObjects: asObjects === true,
  }
}

/** The number of the shared array of all records. One VM of the run parses; the others get what it made. */
async function parse(vu: VuContext, file: number, options: CsvOptions): Promise<number> {
  const { path, bytes } = vu.files.get(file)
  const { sharedArrays } = vu.services
  // Says what is wrong with the options before they become a name.
  const records = new CsvRecords(bytes, options)
  const name = `csv:${JSON.stringify([path, options])}`
  const known = await sharedArrays.claim(name, vu)
  if (known !== undefined) return known
  try {
    for (let isOver = false; !isOver; ) {
      let lines = ''
      while (lines.length < lengthPerTurn && !isOver) {
        const json = records.next()
        if (json === undefined) isOver = true
        else lines += `${json}\n`
      }
      sharedArrays.append(name, vu, lines)
      if (!isOver) await new Promise((resolve) => setImmediate(resolve))
    }
    return await sharedArrays.publish(name, vu)
  } catch (e) {
    await sharedArrays.release(name, vu)
    if (isAppError(e, 'LIMIT_SIZE') && e.message.endsWith('(limit sharedArrayBytes)'))
      vu.services.gate.recordLimit('sharedArrayBytes', path, vu.id)
    throw e
  }
}

const parsers = new WeakMap<VuContext, CsvRecords[]>()

export const csv = defineHostModule<VuContext>('csv', {
  parse: (vu, file, ...options) => parse(vu, number(file, 'file'), optionsOf(options)),

  /** The number of a parser of the VU's own, at the start of the file. */
  parser(vu, file, ...options) {
    const records = new CsvRecords(vu.files.get(number(file, 'file')).bytes, optionsOf(options))
    const own = parsers.get(vu) ?? []
    if (own.length >= maxParsers) throw new GuestError('GoError', `a VU may have ${maxParsers} CSV parsers`)
    const letters = own.reduce((sum, other) => sum + other.headerLetters, records.headerLetters)
    if (letters > maxHeaderLetters) {
      throw new GuestError('GoError', `the headers of a VU's CSV parsers may have ${maxHeaderLetters} letters`)
    }
    parsers.set(vu, own)
    return own.push(records) - 1
  },

  /** JSON of the next record; undefined at the end. */
  next(vu, parser) {
    const records = parsers.get(vu)?.[number(parser, 'parser')]
    if (records === undefined) throw new GuestError('TypeError', 'no such parser')
    return records.next()
  },
})
