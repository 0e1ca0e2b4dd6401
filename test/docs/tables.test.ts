import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHelp } from '../../cli/flags.js'
import { optionFields } from '../../engine/options/option-table.js'
import { errorCodes } from '../../errors.js'
import { packageRoot } from '../../package-root.js'
import { limitNames, limitsFrom, parseLimit, trustedLimits, untrustedLimits } from '../../policy/limits.js'
import { trustedPolicy, untrustedPolicy } from '../../policy/policy.js'
import { codeRows, codeWords, readPage } from './page.js'

describe('docs: tables tell what the code does', () => {
  it('limits.md has every limit with its defaults', () => {
    const rows = codeRows(readPage('docs/limits.md'))
    assert.deepEqual([...rows.keys()].sort(), Object.keys(trustedLimits).sort())
    const told = (column: number) =>
      limitsFrom([...rows].map(([name, cells]) => [name, (cells[column] ?? '').replaceAll('`', '')]))
    assert.deepEqual(told(0), trustedLimits)
    assert.deepEqual(told(1), untrustedLimits)
  })

  it('security.md has every limit and every rule with the defaults of both profiles', () => {
    const rows = codeRows(readPage('docs/security.md'))
    const cell = (name: string, column: number) => (rows.get(name)?.[column] ?? '').replaceAll('`', '').split(';')[0]!
    for (const [column, policy] of [trustedPolicy, untrustedPolicy].entries()) {
      const { network, files, limits, grpcMethods, env, modules } = policy
      const told = Object.fromEntries(limitNames.map((name) => [name, parseLimit(name, cell(name, column))]))
      assert.deepEqual(told, limits)
      const shown = (value: unknown) => (Array.isArray(value) ? `[${value.join(', ')}]` : String(value))
      for (const [name, value] of Object.entries(network)) assert.equal(cell(`network.${name}`, column), shown(value))
      for (const [name, value] of Object.entries(files)) assert.equal(cell(`files.${name}`, column), shown(value))
      for (const [name, value] of Object.entries({ grpcMethods, env, modules })) {
        assert.equal(cell(name, column).split(',')[0], shown(value).split(',')[0])
      }
    }
  })

  it('errors.md has every code with its exit code', () => {
    const rows = [...codeRows(readPage('docs/errors.md'))]
    assert.deepEqual(Object.fromEntries(rows.map(([code, [exitCode]]) => [code, Number(exitCode)])), errorCodes)
  })

  it('cli.md has every flag of the help text, and no other', () => {
    const longFlags = (text: string) => new Set(text.match(/--[a-z][a-z-]*/g))
    const page = readPage('docs/cli.md')
    const told = longFlags([...codeWords(page)].join(' '))
    const offered = longFlags(runHelp('belljar'))
    const missing = [...offered].filter((flag) => !told.has(flag))
    assert.deepEqual(missing, [], 'flags that docs/cli.md does not have')
    const section = page.slice(page.indexOf('## Flags of run'))
    const paragraph = section.split('\n\n').find((text) => text.includes('are known and refused'))!
    const flags = section.slice(0, section.indexOf(paragraph))
    const refused = longFlags(paragraph)
    const extra = [...longFlags(flags)].filter((flag) => !offered.has(flag))
    assert.deepEqual(extra, [], 'flags that only docs/cli.md has')
    assert.ok(refused.size > 0)
    for (const flag of refused) assert.ok(!offered.has(flag), `${flag} is not refused any more`)
  })

  it('options.md has every option', () => {
    const words = codeWords(readPage('docs/options.md'))
    const names = optionFields.map(({ json, key }) => json ?? key)
    assert.deepEqual(
      names.filter((name) => !words.has(name)),
      [],
    )
  })

  it('http.md has every export of the module', () => {
    const page = readPage('docs/http.md')
    const source = readFileSync(join(packageRoot, 'modules/k6/http.ts'), 'utf8')
    const names = [...source.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name = '']) => name)
    assert.ok(names.length > 20)
    const told = (name: string) => page.includes(name.replace(/^(OCSP_[A-Z]+_|TLS_1_).*/, '$1'))
    assert.deepEqual(
      names.filter((name) => !told(name)),
      [],
    )
  })

  it('README.md lists the modules that there are, and no other', () => {
    const page = readPage('README.md')
    const listed = [...codeRows(page).keys()].filter((name) => /^k6(\/|$)/.test(name))
    const folder = join(packageRoot, 'modules')
    const found = readdirSync(join(folder, 'k6'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `k6/${file.slice(0, -3)}`.replace(/\/index$/, ''))
    assert.deepEqual(listed.sort(), found.sort())
  })
})
