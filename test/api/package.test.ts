/** The library as its users have it: the files that are packed, in a project that has them installed. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { packageRoot } from '../../package-root.js'

/** What `npm pack` would put into the package. */
function packedFiles(): string[] {
  const npm = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  const output = execFileSync('npm', npm, { cwd: packageRoot, encoding: 'utf8', stdio: [...stdio] })
  const [packed] = JSON.parse(output) as { files: { path: string }[] }[]
  return packed!.files.map(({ path }) => path)
}

/** A project that has installed those files, what they depend on, and the types of Node. */
function makeProject(files: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), 'belljar-package-'))
  const modules = join(project, 'node_modules')
  for (const file of files) cpSync(join(packageRoot, file), join(modules, 'belljar', file))
  const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(packageRoot, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  return project
}

const consumer = `
import { AppError, isAppError, runScript, trustedLimits, trustedPolicy, untrustedLimits, untrustedPolicy } from 'belljar'
import type { AuditRecord, LimitName, Limits, Policy, PolicyInput, RunEvent, RunOutcome, RunScriptOptions } from 'belljar'
const name: LimitName = 'memoryBytes'
const policy: PolicyInput = { profile: 'untrusted', network: { allow: ['127.0.0.1:50051'] }, limits: { [name]: '64mb' } }
const records: AuditRecord[] = []
const onEvent = (event: RunEvent) => {
  if (event.type === 'log') event.line.msg.toUpperCase()
  else if (event.type === 'audit') records.push(event.record)
  else if (event.type === 'progress') event.progress.scenarios[0]?.name.length
  else event.metrics.iterations?.values.count?.toFixed()
}
const options: RunScriptOptions = { script: { text: '' }, policy, onEvent, signal: new AbortController().signal }
const outcome: RunOutcome = await runScript(options)
if (outcome.status === 'failed') outcome.error?.code === 'LIMIT_CPU'
const all: readonly Policy[] = [trustedPolicy, untrustedPolicy]
const limits: readonly Readonly<Limits>[] = [trustedLimits, untrustedLimits, ...all.map((one) => one.limits)]
try { limits.at(0)?.cpuMs.toFixed() } catch (e) { if (isAppError(e, 'POLICY_INVALID')) e.hint?.length; throw new AppError('USAGE', 'x') }
runScript({ script: { text: '' }, polcy: {} })
runScript({ script: { text: '', path: 1 } })
outcome.status = 'passed'
outcome.metrics.x.values.y.toFixed()
`

/** Numbers of the lines with an error, from 1. */
function faultyLines(project: string, source: string): (string | number)[] {
  writeFileSync(join(project, 'consumer.ts'), source)
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: ['node'] }
  const config = { compilerOptions: { ...compilerOptions, noUncheckedIndexedAccess: true }, files: ['consumer.ts'] }
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, project)
  return ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options)).map(({ file, start = 0, messageText }) => {
    if (!file?.fileName.endsWith('consumer.ts'))
      return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    return file.getLineAndCharacterOfPosition(start).line
  })
}

describe('the package', () => {
  let files: string[]
  let project: string
  before(function () {
    this.timeout(60_000)
    files = packedFiles()
    project = makeProject(files)
  })
  after(() => rmSync(project, { recursive: true }))

  it('holds the library and its declarations, and none of the tests', () => {
    for (const file of ['dist/index.js', 'dist/thread.cjs', 'dist/types/index.d.ts', 'bin/belljar.js']) {
      assert.ok(files.includes(file), file)
    }
    assert.deepEqual(
      files.filter((file) => /^(test|build|bench)\//.test(file)),
      [],
    )
    // What programs are offered names nothing of the inside: no VM, no host, no thread.
    assert.deepEqual(
      files.filter((file) => /^dist\/types\/(runtime|host|modules|script|cli)\//.test(file)),
      [],
    )
  })

  it('has types that a program can be checked against', function () {
    this.timeout(120_000)
    const lines = consumer.split('\n')
    const faulty = ['polcy', 'path: 1', "outcome.status = 'passed'", 'values.y']
    const expected = faulty.map((part) => lines.findIndex((line) => line.includes(part)))
    const found = faultyLines(project, consumer)
    assert.deepEqual([...new Set(found)], expected)
  })

  const run = (file: string, source: string) => {
    writeFileSync(join(project, file), source)
    return execFileSync(process.execPath, ['--no-warnings', file], { cwd: project, encoding: 'utf8', timeout: 60_000 })
  }
  const use = `runScript({ script: { text: 'export default () => {}' }, policy: { profile: 'trusted' } })
    .then(({ status, iterations }) => console.log(status, iterations.completed))`

  it('is imported by a program', function () {
    this.timeout(60_000)
    assert.equal(run('import.mjs', `import { runScript } from 'belljar'\n${use}`), 'passed 1\n')
  })

  it('is required by a program, where Node lets modules be', function () {
    this.timeout(60_000)
    if (!(process.features as { require_module?: boolean }).require_module) this.skip()
    assert.equal(run('require.cjs', `const { runScript } = require('belljar')\n${use}`), 'passed 1\n')
  })

  it('offers nothing else of its inside', function () {
    this.timeout(60_000)
    const source = `import('belljar/dist/thread.cjs').catch((e) => console.log(e.code))
      import('belljar').then((all) => console.log(Object.keys(all).sort().join(' ')))`
    const names = 'AppError isAppError runScript trustedLimits trustedPolicy untrustedLimits untrustedPolicy'
    assert.deepEqual(
      run('inside.mjs', source).trim().split('\n').sort(),
      ['ERR_PACKAGE_PATH_NOT_EXPORTED', names].sort(),
    )
  })
})
