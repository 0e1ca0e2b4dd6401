/** What a script sees of `k6/experimental/csv`. The rules of CSV itself are in test/host/csv/csv-reader.test.ts. */
import assert from 'node:assert/strict'
import { describeInVmThread } from '../../../support/in-vm-thread.js'
import { type ScriptVmOptions, scriptVm } from '../../../support/script-vm.js'

const prelude = `
  import { open } from 'k6/experimental/fs'
  import csv, { parse, Parser } from 'k6/experimental/csv'
  const t = async (f) => { try { console.log(JSON.stringify(await f())) } catch (e) { console.log(e.name + ': ' + e.message) } }
  const all = async (parser) => {
    const records = []
    for (let r = await parser.next(); !r.done; r = await parser.next()) records.push(r.value)
    return records
  }
  const file = await open('people.csv')
`
const files = { 'people.csv': 'name,age\nJohn,30\nJane,25\nEve,41\n', 'bad.csv': 'a,b\n1,2\n3\n4,5\n', 'empty.csv': '' }

async function said(source: string, options: ScriptVmOptions = {}): Promise<string[]> {
  const { script, said } = await scriptVm(`${prelude}${source}`, { files, ...options })
  await script.enter('activate', 'vu', '{}', '{}')
  assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
  return said()
}

const optionRows: [options: string, records: string][] = [
  ['undefined', '[["name","age"],["John","30"],["Jane","25"],["Eve","41"]]'],
  ['{ skipFirstLine: true }', '[["John","30"],["Jane","25"],["Eve","41"]]'],
  ['{ fromLine: 2 }', '[["Jane","25"],["Eve","41"]]'],
  ['{ fromLine: 1, toLine: 2, skipFirstLine: true }', '[["John","30"],["Jane","25"]]'],
  ['{ toLine: 0 }', '[["name","age"]]'],
  ['{ fromLine: 9 }', '[]'],
  ["{ delimiter: 'e' }", '"GoError: record on line 2: wrong number of fields"'],
  ['{ asObjects: true }', '[{"age":"30","name":"John"},{"age":"25","name":"Jane"},{"age":"41","name":"Eve"}]'],
  ['{ asObjects: true, toLine: 1 }', '[{"age":"30","name":"John"}]'],
  [
    '{ fromLine: null, toLine: undefined, skipFirstLine: null }',
    '[["name","age"],["John","30"],["Jane","25"],["Eve","41"]]',
  ],
]

describeInVmThread('k6/experimental/csv', import.meta.url, (it) => {
  it('takes the options of k6, in parse() and in Parser', async () => {
    const tries = optionRows.map(([options]) => `[() => parse(file, ${options}), () => new Parser(file, ${options})]`)
    const source = `
      const made = []
      for (const [list, parser] of [${tries.join()}]) {
        made.push(await list().catch((e) => e.name + ': ' + e.message))
        made.push(await all(parser()).catch((e) => e.name + ': ' + e.message))
      }
      export default function () { for (const records of made) console.log(JSON.stringify(records)) }`
    assert.deepEqual(
      await said(source),
      optionRows.flatMap(([, records]) => [records, records]),
    )
  })

  it('gives parse() as an array that cannot be changed', async () => {
    assert.deepEqual(
      await said(`
        const people = await csv.parse(file, { asObjects: true })
        export default function () {
          console.log(Array.isArray(people), people.length, people.map((p) => p.name).join(), Object.isFrozen(people[0]))
          try { people.push(1) } catch (e) { console.log(e.message) }
        }`),
      ['true 3 John,Jane,Eve true', 'SharedArray is immutable'],
    )
  })

  it('goes on behind a record that was wrong, and says done again and again', async () => {
    assert.deepEqual(
      await said(`
        const parser = new csv.Parser(await open('bad.csv'), { skipFirstLine: true })
        export default async function () { for (let i = 0; i < 5; i++) await t(() => parser.next()) }`),
      [
        '{"done":false,"value":["1","2"]}',
        'GoError: record on line 3: wrong number of fields',
        '{"done":false,"value":["4","5"]}',
        '{"done":true}',
        '{"done":true}',
      ],
    )
  })

  it('refuses options that contradict each other, and what is no file', async () => {
    assert.deepEqual(
      await said(`
        await t(() => parse())
        await t(() => parse({ path: 'people.csv' }))
        await t(() => new Parser(null))
        await t(() => parse(file, { delimiter: '' }))
        await t(() => new Parser(file, { fromLine: -1 }))
        await t(() => parse(file, { fromLine: 'x' }))
        await t(() => parse(file, { toLine: 1.5 }))
        await t(() => parse(file, { fromLine: 3, toLine: 2 }))
        await t(() => parse(file, { asObjects: true, skipFirstLine: true }))
        await t(() => parse(file, { asObjects: true, fromLine: 1 }))
        const empty = await open('empty.csv')
        await t(() => parse(empty, { asObjects: true }))
        await t(() => parse(empty))
        await t(() => Parser.prototype.next.call({}))
        export default async function () {
          await t(() => parse(file))
          await t(() => new Parser(file))
        }`),
      [
        'GoError: csv.parse() needs a file that open() of k6/experimental/fs gave',
        'GoError: csv.parse() needs a file that open() of k6/experimental/fs gave',
        'GoError: csv.Parser needs a file that open() of k6/experimental/fs gave',
        'GoError: csv: invalid field or comment delimiter',
        'GoError: the "fromLine" option must be a number of 0 or more',
        'GoError: the "fromLine" option must be a number of 0 or more',
        'GoError: the "toLine" option must be a number of 0 or more',
        'GoError: the "toLine" option must not be less than "fromLine"',
        'GoError: the "asObjects" option cannot be combined with "skipFirstLine"',
        'GoError: the "asObjects" option cannot be combined with "fromLine"',
        'GoError: the "asObjects" option needs a header line, and the file has none',
        '[]',
        'TypeError: next() is a method of csv.Parser',
        'GoError: csv.parse() must be called in the init context',
        'GoError: csv Parser constructor must be called in the init context',
      ],
    )
  })

  it('counts against the limit of shared arrays', async () => {
    assert.deepEqual(
      await said(
        `await t(() => parse(file))
        export default () => {}`,
        { limits: { sharedArrayBytes: 50 } },
      ),
      ['GoError: the SharedArrays of a run may have 50 bytes of JSON in all (limit sharedArrayBytes)'],
    )
  })

  it('keeps odd names of columns as they are', async () => {
    assert.deepEqual(
      await said(
        `const odd = await open('odd.csv')
        const list = await parse(odd, { asObjects: true })
        export default () => { console.log(JSON.stringify(list), Object.keys(list[0]).join()) }`,
        { files: { ...files, 'odd.csv': '__proto__,"a""b",,x,x\n1,2,3,4,5\n' } },
      ),
      ['[{"":"3","__proto__":"1","a\\"b":"2","x":"5"}] ,__proto__,a"b,x'],
    )
  })
})
