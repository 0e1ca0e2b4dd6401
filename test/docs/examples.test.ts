import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { sharedServer } from '../examples/server/example-server.js'
import { type Example, examplesOf, missingLine, readPage } from './page.js'

const pages = ['README.md', ...readdirSync(join(packageRoot, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
)

const exampleFiles = [
  'examples/single-connection/hello.proto',
  'examples/quickpizza/quickpizza.proto',
  'examples/authorization/auth.proto',
  'examples/authorization/orders.proto',
  'examples/server/traffic.proto',
  'examples/server/tls/ca.pem',
]

/** A folder as the pages promise it: the files of the examples, and `belljar` among the commands and the packages. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-docs-'))
  for (const file of exampleFiles)
    copyFileSync(join(packageRoot, file), join(folder, file.slice(file.lastIndexOf('/') + 1)))
  // As installed, for programs.
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(packageRoot, join(folder, 'node_modules/belljar'))
  mkdirSync(join(folder, 'bin'))
  const command = join(folder, 'bin/belljar')
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(packageRoot, 'bin/belljar.js')}' "$@"\n`)
  chmodSync(command, 0o755)
  return folder
}

interface Result {
  exitCode: number
  output: string
}

function execute(folder: string, command: string, env: Record<string, string>): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile('/bin/sh', ['-ec', command], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ exitCode: Number(error?.code ?? 0), output: `${stderr}\n${stdout}` })
    })
    child.stdin!.end()
  })
}

describe('docs: the examples of the pages do what the pages say', () => {
  for (const page of pages) {
    const examples = examplesOf(readPage(page))
    if (!examples.some((example) => example.isRun)) continue

    it(page, async function () {
      this.timeout(120_000)
      const folder = makeFolder()
      const { plaintext, tls, http } = await sharedServer()
      const env = {
        PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
        HOME: folder,
        NO_COLOR: '1',
        GRPC_ADDR: plaintext,
        GRPC_TLS_ADDR: tls!,
        HTTP_ADDR: http!,
      }
      try {
        for (const example of examples) await runExample(page, folder, example, env)
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
})

async function runExample(page: string, folder: string, example: Example, env: Record<string, string>): Promise<void> {
  const { file, source, line, isRun } = example
  if (file !== undefined) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), source)
  }
  if (!isRun) return
  const command = file === undefined ? source : `belljar run -q --log-format raw ${file}`
  const { exitCode, output } = await execute(folder, command, env)
  const where = `${page}:${line}`
  assert.equal(exitCode, example.exitCode, `${where}: exit code, with the output\n${output}`)
  const missing = missingLine(output, example.output, example.isAbout)
  assert.equal(
    missing,
    undefined,
    `${where}: this line of the page is not in its place in the output:\n${missing}\n\n${output}`,
  )
}
