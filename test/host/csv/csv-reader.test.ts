import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CsvReader } from '../../../host/csv/csv-reader.js'

/** All records, or the records before an error and its text. */
function read(text: string | Uint8Array, delimiter = ','): (string[] | string)[] {
  const reader = new CsvReader(typeof text === 'string' ? Buffer.from(text) : text, delimiter)
  const found: (string[] | string)[] = []
  for (;;) {
    try {
      const record = reader.next()
      if (record === undefined) return found
      found.push(record)
    } catch (e) {
      found.push((e as Error).message)
    }
  }
}

describe('CsvReader', () => {
  const records: Record<string, [text: string, records: string[][], delimiter?: string]> = {
    'plain fields': ['a,b,c\n', [['a', 'b', 'c']]],
    'no line feed at the end': [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    'line feeds of Windows': [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    'empty lines, which are none': ['\n\na\n\n\r\nb\n\n', [['a'], ['b']]],
    'lines of blanks, which are some': ['a\n \n', [['a'], [' ']]],
    'empty fields': [
      ',\n,x\n"",',
      [
        ['', ''],
        ['', 'x'],
        ['', ''],
      ],
    ],
    'blanks as they are': [' a , b\n', [[' a ', ' b']]],
    'delimiters and line feeds in quotes': ['"a,b","c\nd"\n', [['a,b', 'c\nd']]],
    'a line feed of Windows in quotes': ['A,"Hello\r\nHi",B\r\n', [['A', 'Hello\nHi', 'B']]],
    'empty lines in quotes': ['"a\n\n\nb"', [['a\n\n\nb']]],
    'doubled quotes': ['"a ""b"" c","""",""""""""\n', [['a "b" c', '"', '"""']]],
    'carriage returns elsewhere': ['field\rfield\r', [['field\rfield']]],
    'several carriage returns': ['field\r\r\n\rfield\r\r\n\r', [['field\r'], ['\rfield\r']]],
    'another delimiter': ['a;b,c;"d;e"\n', [['a', 'b,c', 'd;e']], ';'],
    tabs: ['a\tb\t"c"', [['a', 'b', 'c']], '\t'],
    'a delimiter of several bytes': ['a£b,c£"d£e"£f\n', [['a', 'b,c', 'd£e', 'f']], '£'],
    'a byte order mark, which stays': ['\ufeffa,b', [['\ufeffa', 'b']]],
    nothing: ['', []],
  }
  for (const [name, [text, expected, delimiter]] of Object.entries(records)) {
    it(`reads ${name}`, () => assert.deepEqual(read(text, delimiter), expected))
  }

  const bare = 'bare " in non-quoted field'
  const wrong = 'extraneous or missing " in quoted-field'
  const errors: Record<string, [text: string, expected: (string[] | string)[]]> = {
    'a quote in a field without quotes': ['a""b,c\n', [`parse error on line 1, column 2: ${bare}`]],
    'a quote in a later field': ['a,b\nx,a "word",b', [['a', 'b'], `parse error on line 2, column 5: ${bare}`]],
    'a quote behind a field': ['"a word",b"', [`parse error on line 1, column 11: ${bare}`]],
    'text behind the closing quote': ['"a "word","b"\n', [`parse error on line 1, column 4: ${wrong}`]],
    'a carriage return behind the closing quote': ['"field"\r\r', [`parse error on line 1, column 7: ${wrong}`]],
    'an odd number of quotes': ['"""""""', [`parse error on line 1, column 8: ${wrong}`]],
    'a quote that is never closed': ['"a', [`parse error on line 1, column 3: ${wrong}`]],
    'a quote as the last character': ['a,"', [`parse error on line 1, column 4: ${wrong}`]],
    'a quote that is closed lines later': [
      'a,"b\nc"d,e',
      [`record on line 1; parse error on line 2, column 2: ${wrong}`],
    ],
    'a quote open to the end of the file': [
      'a,b\n"d\n\n,e',
      [['a', 'b'], `record on line 2; parse error on line 4, column 3: ${wrong}`],
    ],
    'the same with line feeds of Windows': ['"d\r\n', [`parse error on line 1, column 4: ${wrong}`]],
    'columns, which are bytes': ['ü"', [`parse error on line 1, column 3: ${bare}`]],
    'a record with fewer fields than the first': [
      'a,b,c\nd,e\nf,g,h',
      [['a', 'b', 'c'], 'record on line 2: wrong number of fields', ['f', 'g', 'h']],
    ],
    'a record with more': ['a\n\n"b\n",c', [['a'], 'record on line 3: wrong number of fields']],
  }
  for (const [name, [text, expected]] of Object.entries(errors)) {
    it(`says where there is ${name}, and goes on with the next line`, () => assert.deepEqual(read(text), expected))
  }

  it('refuses delimiters that Go refuses', () => {
    for (const delimiter of ['', 'ab', '"', '\n', '\r', '\0', '\ufffd', '\ud800']) {
      assert.throws(() => new CsvReader(Buffer.from(''), delimiter), {
        code: 'MESSAGE_INVALID',
        message: 'csv: invalid field or comment delimiter',
      })
    }
  })

  it('reads what any writer of CSV makes of any fields', () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', ' ', '\r') })
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
    // Go turns \r\n into \n inside of quotes too.
    const kept = (text: string) => text.replaceAll('\r\n', '\n')
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
        const text = rows.map((row) => row.map(quoted).join(',')).join('\r\n')
        assert.deepEqual(
          read(text),
          rows.map((row) => row.map(kept)),
        )
      }),
    )
  })

  it('never hangs and never throws anything but its own errors, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a') }), (bytes, text) => {
        for (const input of [bytes, Buffer.from(text)]) {
          for (const entry of read(input)) {
            if (typeof entry === 'string')
              assert.match(entry, /^(record on line \d+[;:] )?(parse error on line|wrong number)/)
          }
        }
      }),
    )
  })

  it('bounds a record', () => {
    const reader = new CsvReader(Buffer.from(`a\n"${'xxxxxxxxx\n'.repeat(1024 * 1024)}`), ',')
    assert.deepEqual(reader.next(), ['a'])
    assert.throws(() => reader.next(), {
      code: 'LIMIT_SIZE',
      message: 'the CSV record on line 2 has more than 8388608 bytes',
    })
  })
})
