import assert from 'node:assert/strict'
import { codeRows, examplesOf, missingLine } from './page.js'

const fence = '```'

describe('docs: reading a page', () => {
  it('finds the blocks that are marked, with the output that follows', () => {
    const page = [`${fence}js run exit=107`, 'throw 1', fence, 'x', `${fence}text output`, 'one', '…', fence]
    const unmarked = [`${fence}js`, 'shown()', fence]
    assert.deepEqual(examplesOf([...unmarked, ...page].join('\n')), [
      {
        line: 4,
        language: 'js',
        source: 'throw 1\n',
        file: 'script.js',
        isRun: true,
        exitCode: 107,
        output: ['one', '…'],
        isAbout: false,
      },
    ])
  })

  it('takes a block with a file name for a file, which need not be run', () => {
    const page = [`${fence}js file=lib.js`, 'export default 1', fence, `${fence}sh run`, 'ls', fence].join('\n')
    assert.deepEqual(
      examplesOf(page).map(({ file, isRun, language }) => ({ file, isRun, language })),
      [
        { file: 'lib.js', isRun: false, language: 'js' },
        { file: undefined, isRun: true, language: 'sh' },
      ],
    )
  })

  it('wants the lines of an output whole and in their order, whatever stands between', () => {
    assert.equal(missingLine('a\nb  1 ms\nc\n', ['a', 'b … ms', 'c']), undefined)
    assert.equal(missingLine('a\nb\n', ['b', 'a']), 'a')
    assert.equal(missingLine('abc\n', ['b']), 'b')
    assert.equal(missingLine('a.c\n', ['a?c']), 'a?c')
  })

  it('leaves numbers open where the page says so, and nothing else', () => {
    const output = 'avg=1.5ms rate: 3.2 kB/s 20 out of 20\n'
    assert.equal(missingLine(output, ['avg=740µs rate: 1 B/s 5 out of 6'], true), undefined)
    assert.equal(missingLine(output, ['avg=1.5ms'], true), 'avg=1.5ms')
    assert.equal(
      missingLine(output, ['avg=740µs rate: 3.2 kB/s 20 out of 20']),
      'avg=740µs rate: 3.2 kB/s 20 out of 20',
    )
  })

  it('reads tables by the code in their first column', () => {
    const page = '| `a` | 1 | x |\n| --- | --- | --- |\n| b | 2 | y |\n| `c`, old | 3 | z |'
    assert.deepEqual(
      [...codeRows(page)],
      [
        ['a', ['1', 'x']],
        ['c', ['3', 'z']],
      ],
    )
  })
})
