import assert from 'node:assert/strict'
import { Logger, type LoggerOptions } from '../../report/logger.js'
import { rfc3339Seconds } from '../../report/rfc3339.js'

const now = new Date('2026-11-22T07:44:52.123Z')
const stamp = rfc3339Seconds(now)
const hostile = 'a\u001b[31m\u009b2J\u202eb\r\u2028'

function logged(options: Partial<LoggerOptions>, log: (logger: Logger) => void): string {
  let text = ''
  const logger = new Logger({ target: { write: (line) => (text += line) }, now: () => now, ...options })
  log(logger)
  return text
}

describe('Logger', () => {
  it('writes logfmt where there is no terminal', () => {
    assert.equal(
      logged({}, (logger) => logger.info('hi "q" { a: 1 }', { source: 'console' })),
      `time="${stamp}" level=info msg="hi \\"q\\" { a: 1 }" source=console\n`,
    )
  })

  it('sorts fields, leaves an empty message out, and quotes only what needs it', () => {
    assert.equal(
      logged({}, (logger) => logger.warning('', { b: 'x y', a: '', c: 5, 'd=': 'a/b@c^d+e_f-g.h' })),
      `time="${stamp}" level=warning a= b="x y" c=5 d==a/b@c^d+e_f-g.h\n`,
    )
  })

  for (const [level, start] of [
    ['debug', '\u001b[37mDEBU\u001b[0m[0000]'],
    ['info', '\u001b[36mINFO\u001b[0m[0000]'],
    ['warning', '\u001b[33mWARN\u001b[0m[0000]'],
    ['error', '\u001b[31mERRO\u001b[0m[0000]'],
  ] as const) {
    it(`colours ${level} on a terminal and aligns the fields`, () => {
      const colour = start.slice(0, 5)
      assert.equal(
        logged({ isColored: true, level: 'debug' }, (logger) => logger[level]('hi', { source: 'console' })),
        `${start} hi${' '.repeat(42)}  ${colour}source\u001b[0m=console\n`,
      )
    })
  }

  it('counts seconds since it was made, and lets a message take several lines on a terminal', () => {
    let time = now
    const text = logged({ isColored: true, now: () => time }, (logger) => {
      time = new Date(now.getTime() + 12_999)
      logger.error('a\n\tat b\n')
    })
    assert.match(text, /\[0012\] a\n\tat b {38}\n$/)
  })

  it('writes JSON with sorted names', () => {
    assert.equal(
      logged({ format: 'json' }, (logger) => logger.info('hi "q" <b>', { source: 'console', level: 'x', n: 1 })),
      `{"fields.level":"x","level":"info","msg":"hi \\"q\\" \\u003cb\\u003e","n":1,"source":"console","time":"${stamp}"}\n`,
    )
    assert.match(
      logged({ format: 'json' }, (logger) => logger.info('')),
      /"msg":""/,
    )
  })

  it('writes the bare message when told so', () => {
    assert.equal(
      logged({ format: 'raw' }, (logger) => logger.info('hi\nyou', { source: 'console' })),
      'hi\nyou\n',
    )
  })

  for (const options of [{}, { isColored: true }, { format: 'json' }, { format: 'raw' }] as const) {
    it(`lets no control sequence of a script through (${JSON.stringify(options)})`, () => {
      const own = /\u001b\[(3\d|0)m/g
      const text = logged(options, (logger) => logger.error(hostile, { name: hostile, [hostile]: 'x' }))
      assert.doesNotMatch(
        text.replace(own, (code) => (code === '\u001b[31m' || code === '\u001b[0m' ? '' : code)),
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e\u2028]/,
      )
    })
  }

  it('gives a message back unchanged through JSON', () => {
    const text = logged({ format: 'json' }, (logger) => logger.error(hostile))
    assert.equal((JSON.parse(text) as { msg: string }).msg, hostile)
  })

  it('shows debug messages only when told so', () => {
    assert.equal(
      logged({}, (logger) => logger.debug('x')),
      '',
    )
    assert.match(
      logged({ level: 'debug' }, (logger) => logger.debug('x')),
      /level=debug msg=x\n/,
    )
    assert.equal(
      logged({ targetLevel: 'error' }, (logger) => logger.warning('x')),
      '',
    )
  })

  it('sends what scripts log to a target of its own, without the source', () => {
    let own = ''
    const rest = logged({ format: 'json' }, (logger) => {
      logger.sendConsoleTo({
        write(line) {
          own += line
        },
      })
      logger.info('to a file', { source: 'console' })
      logger.info('not')
    })
    assert.equal(own, `{"level":"info","msg":"to a file","time":"${stamp}"}\n`)
    assert.equal(rest, `{"level":"info","msg":"not","time":"${stamp}"}\n`)
  })

  it('cuts long messages and fields between characters, and says by how much', () => {
    const text = logged({ limits: { lineBytes: 5 } }, (logger) => logger.info('äää', { error: '123456' }))
    assert.match(text, /msg="ää… \(1 more bytes\)" error="12345… \(1 more bytes\)"/)
  })
})
