/** The types that ship with the package, seen from a project that has it installed. test/types checks what they say. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { packageRoot } from '../package-root.js'

/** A project with the files of the package that are for its users, and @types/k6. */
function makeProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'belljar-types-'))
  const installed = join(project, 'node_modules', 'belljar')
  mkdirSync(join(project, 'node_modules', '@types'), { recursive: true })
  symlinkSync(join(packageRoot, 'node_modules/@types/k6'), join(project, 'node_modules/@types/k6'))
  const { files } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { files: string[] }
  if (files.includes('types')) cpSync(join(packageRoot, 'types'), join(installed, 'types'), { recursive: true })
  return project
}

const script = `
import grpc from 'k6/net/grpc'
const client = new grpc.Client()
client.connect('127.0.0.1:50051', { loadBalancing: 'round_robin' })
client.connect('127.0.0.1:50051', { loadBalancing: 'luck' })
`

/** Lines of the script with an error. */
function faultyLines(project: string, source: string, types: string[]): (number | undefined)[] {
  writeFileSync(join(project, 'script.ts'), source)
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module: 'esnext', types }
  const config = { compilerOptions: { ...compilerOptions, moduleResolution: 'bundler' }, files: ['script.ts'] }
  const { fileNames, options } = ts.parseJsonConfigFileContent(
    config,
    ts.sys,
    project,
    {},
    join(project, 'tsconfig.json'),
  )
  return ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options)).map(({ file, start = 0 }) => {
    return file?.fileName.endsWith('script.ts') ? file.getLineAndCharacterOfPosition(start).line : undefined
  })
}

describe('types for scripts', () => {
  let project: string
  before(() => {
    project = makeProject()
  })
  after(() => rmSync(project, { recursive: true }))

  it('come with one line in a script', function () {
    this.timeout(60_000)
    assert.deepEqual(faultyLines(project, `/// <reference types="belljar/types" />${script}`, []), [4])
  })

  it('come with the setting `types` of a project', function () {
    this.timeout(60_000)
    assert.deepEqual(faultyLines(project, script, ['belljar/types']), [4])
  })
})
