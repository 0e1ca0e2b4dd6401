/** docs/grpc-reference.md has a row for everything that the code has, and each row names a test that is there. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { callParamNames } from '../../host/grpc/call-params.js'
import { connectParamNames } from '../../host/grpc/connect-params.js'
import { packageRoot } from '../../package-root.js'
import { serve, stopServers } from '../host/grpc/scripted-server.js'
import { runScript } from '../support/run-script.js'
import { readPage } from './page.js'

interface Row {
  /** The headings that it stands under, joined. */
  heading: string
  /** What its first cell has as code. */
  names: string[]
  tests: string[]
}

const additions = 'What belljar adds'

function rowsOf(markdown: string): Row[] {
  const rows: Row[] = []
  let chapter = ''
  let section = ''
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) [chapter, section] = [line.slice(3), '']
    if (line.startsWith('### ')) section = line.slice(4)
    if (!line.startsWith('|') || line.startsWith('| ---')) continue
    const cells = line.split('|').slice(1, -1)
    const heading = section === '' ? chapter : `${chapter} / ${section}`
    const [first = '', last = ''] = [cells[0], cells.at(-1)]
    if (last.trim() === 'test') continue
    const names = [...first.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
    rows.push({
      heading,
      names: names.length > 0 ? names : [first.trim()],
      tests: last.trim().split('<br>').filter(Boolean),
    })
  }
  return rows
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Why what a row names is no test; undefined when it is one. */
function whyNoTest(test: string): string | undefined {
  const [, path, title] = /^`([^`]+)` ?(.*)$/.exec(test) ?? []
  if (path === undefined || title === undefined) return 'it has no `path` and title'
  const file = join(packageRoot, path)
  if (!existsSync(file)) return 'there is no such file'
  if (path.startsWith('test/scripts/'))
    return existsSync(join(file, 'expected.json')) ? undefined : 'it expects nothing'
  const text = readFileSync(file, 'utf8')
  if (path.endsWith('.md')) {
    const [, after] = text.split(new RegExp(`^#+ ${escaped(title)}$`, 'm'))
    if (after === undefined) return 'there is no such heading'
    return /^```\w+ (?:run|file=)/m.test(after.split(/^#+ /m)[0]!) ? undefined : 'there is no example below the heading'
  }
  // The whole title, or its beginning up to where a value goes in.
  return new RegExp(`['"\`]${escaped(title)}\\s?(['"\`]|\\$\\{)`).test(text) ? undefined : 'there is no such title'
}

describe('docs: grpc-reference.md', () => {
  const rows = rowsOf(readPage('docs/grpc-reference.md'))
  const namesUnder = (...headings: string[]) =>
    rows.filter(({ heading }) => headings.includes(heading)).flatMap(({ names }) => names)
  const assertAll = (wanted: readonly string[], ...headings: string[]) => {
    const there = new Set(namesUnder(...headings))
    assert.deepEqual(
      wanted.filter((name) => !there.has(name)),
      [],
      `rows that are missing under ${headings.join(' or ')}`,
    )
  }

  after(stopServers)

  it('names for each row of what k6 has a test that proves it', () => {
    assert.ok(rows.length > 150)
    const unproven = rows.filter(({ heading, tests }) => tests.length === 0 && !heading.startsWith(additions))
    assert.deepEqual(
      unproven.map(({ names }) => names),
      [],
    )
  })

  it('names tests that are there', () => {
    const faults = rows.flatMap(({ names, tests }) =>
      tests.flatMap((test) => {
        const why = whyNoTest(test)
        return why === undefined ? [] : [`${names.join()}: ${test}: ${why}`]
      }),
    )
    assert.deepEqual(faults, [])
  })

  it('knows a test from what is none', () => {
    const self = '`test/docs/grpc-reference.test.ts`'
    assert.equal(whyNoTest(`${self} knows a test from what is none`), undefined)
    assert.equal(whyNoTest(`${self} knows a test`), 'there is no such title')
    assert.equal(whyNoTest('`test/docs/gone.test.ts` x'), 'there is no such file')
    assert.equal(whyNoTest('`docs/grpc.md` Nothing'), 'there is no such heading')
    assert.equal(whyNoTest('`docs/grpc.md` Call parameters'), 'there is no example below the heading')
    assert.equal(whyNoTest('`test/scripts/scripts.test.ts`'), 'it expects nothing')
  })

  it('has every parameter that the code accepts', () => {
    assertAll(
      connectParamNames,
      'Connecting / Parameters of `connect()`',
      `${additions} / Further parameters of \`connect()\``,
    )
    assertAll(callParamNames, 'Calls / Parameters of a call', `${additions} / Further parameters of a call`)
  })

  it('has every metric of gRPC', () => {
    const sources = ['registry.ts', 'module-metrics.ts'].map((file) => readPage(`metrics/${file}`))
    const metrics = sources.flatMap((source) => source.match(/\bgrpc_\w+(?=: \[)/g) ?? [])
    assert.ok(metrics.includes('grpc_req_duration') && metrics.includes('grpc_reqs'))
    assertAll(metrics, 'Metrics', `${additions} / Further metrics`)
  })

  it('has every export, method and field that a script sees', async () => {
    const { address } = await serve(async (call) => {
      call.send((await call.read()) ?? '')
      call.finish()
    })
    const source = `
      import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      const [method] = client.load(null, 'echo.proto')
      export default function () {
        client.connect('${address}', { plaintext: true })
        const response = client.invoke('echo.Echo/Go', {})
        const stream = new grpc.Stream(client, 'echo.Echo/Bidi')
        stream.on('error', () => {})
        for (const seen of [grpc, client, method, response, stream]) console.log(Object.getOwnPropertyNames(seen).join())
        stream.end()
      }`
    const mainUrl = pathToFileURL(`${packageRoot}/test/protos/script.js`).href
    const { said } = await runScript(source, { settings: { script: { mainUrl, source } } })
    const [exported, ofClient, ofMethod, ofResponse, ofStream] = said.map((names) => names.split(','))
    assertAll(exported!, 'Exports')
    assertAll(ofClient!, 'Client / Methods')
    assertAll(ofMethod!, 'Client / Methods as `load()` tells of them')
    assertAll(ofResponse!, 'Calls / The response')
    const further = namesUnder(`${additions} / Further fields`)
    assertAll(
      ofStream!.filter((name) => !further.includes(`stream.${name}`)),
      'Streams / Constructor and methods',
    )
  })
})
