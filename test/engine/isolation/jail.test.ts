import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Jail } from '../../../engine/isolation/jail.js'
import { permissionFlag } from '../../../engine/isolation/node-flags.js'
import { packageRoot } from '../../../package-root.js'
import { type Policy, untrustedPolicy } from '../../../policy/policy.js'
import { runIsolated } from '../../support/isolated.js'
import { isRunning, watchTemporaryFiles } from './traces.js'

const here = join(packageRoot, 'build/test/engine/isolation')
const program = join(here, 'hostile-child.js')
const mebibyte = 2 ** 20

function jailOf(limits: Partial<Policy['limits']> = {}, hasCgroup = true, file = program): Jail {
  const policy = { ...untrustedPolicy, limits: { ...untrustedPolicy.limits, ...limits } }
  return new Jail({ program: file, policy, files: [], onOutput() {}, hasCgroup })
}

/** Every message begins with the length of its frame. */
const firstSign = (jail: Jail) => once(jail.channel, 'data')

describe('the process of a run', () => {
  const temporaryFiles = watchTemporaryFiles()
  afterEach(() => assert.deepEqual(temporaryFiles(), []))

  it('finds nothing of ours around it', async function () {
    if (permissionFlag() === undefined) this.skip()
    process.env.BELLJAR_TEST_SECRET = 'mine'
    try {
      const { lines, result } = await runIsolated('', { program, settings: { scriptName: 'report' } })
      assert.equal(result.error, undefined)
      const told = lines.filter(({ level }) => level === 'info').map(({ msg }) => msg)
      assert.match(told.shift() ?? '', /^environment( LANG)? PATH( PWD)?( SHLVL)?( TZ)?( _)?$/)
      assert.match(told.shift() ?? '', /^folder .*belljar-/)
      assert.deepEqual(told, [
        'eval EvalError',
        'proto ERR_PROTO_ACCESS',
        'intrinsics TypeError',
        'passwd ERR_ACCESS_DENIED',
        'write ERR_ACCESS_DENIED',
        'spawn ERR_ACCESS_DENIED',
      ])
      const [first, ...output] = lines.filter(({ level }) => level === 'debug').map(({ msg }) => msg)
      assert.match(first ?? '', /^the run has process \d+, held by .*--(experimental-)?permission$/)
      assert.deepEqual(output, ['a line for nobody', '\u001b[31mred'])
    } finally {
      delete process.env.BELLJAR_TEST_SECRET
    }
  })

  it('has limits of its own, and new folders only', async function () {
    if (process.platform !== 'linux') this.skip()
    const jail = jailOf({ vus: 2, connections: 3, runCpuMs: 60_000 })
    try {
      await firstSign(jail)
      const limits = readFileSync(`/proc/${jail.pid}/limits`, 'utf8')
      const hard = (name: string) => new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(limits)?.[1]
      assert.equal(hard('Max core file size'), '0')
      assert.equal(hard('Max file size'), '0')
      assert.match(limits, /^Max cpu time +150 +155 /m)
      assert.equal(hard('Max open files'), '1030')
      assert.equal(readFileSync(`/proc/${jail.pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[2], String(jail.pid))
    } finally {
      await jail.close()
    }
    assert.equal(isRunning(jail.pid!), false)
    for (const folder of jail.folders) assert.equal(existsSync(folder), false)
    assert.ok((await jail.ended).message)
  })

  it('is measured and ended from outside where there is no control group', async function () {
    if (process.platform !== 'linux') this.skip()
    const file = join(here, 'memory-eater.js')
    const jail = jailOf({ hostMemoryBytes: 160 * mebibyte, memoryBytes: 24 * mebibyte }, false, file)
    try {
      assert.equal((await jail.ended).code, 'LIMIT_MEMORY')
      assert.ok(jail.resources.peakMemoryBytes > 160 * mebibyte)
      assert.ok(jail.resources.cpuMs > 0)
    } finally {
      await jail.close()
    }
  })

  it('ends when it cannot be what it should be', async () => {
    const jail = jailOf({}, true, join(here, 'not-there.js'))
    assert.match((await jail.ended).message, /ended before its time, with exit code 1/)
    await jail.close()
  })

  it('ends with its parent, whatever ended that', async () => {
    const source = `
      import { Jail } from ${JSON.stringify(pathToFileURL(join(packageRoot, 'build/engine/isolation/jail.js')).href)}
      import { untrustedPolicy as policy } from ${JSON.stringify(pathToFileURL(join(packageRoot, 'build/policy/policy.js')).href)}
      const jail = new Jail({ program: ${JSON.stringify(program)}, policy, files: [], onOutput() {} })
      jail.channel.once('data', () => console.log(jail.pid + ' ' + jail.folders.join(' ')))`
    for (const signal of ['SIGKILL', undefined] as const) {
      const more = signal === undefined ? ';jail.channel.once("data", () => setTimeout(() => process.exit(3), 50))' : ''
      const parent = spawn(process.execPath, ['--input-type=module', '-e', source + more], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const [pid, ...folders] = line.toString().trim().split(' ')
      assert.equal(isRunning(Number(pid)), true)
      const gone = once(parent, 'exit')
      if (signal !== undefined) parent.kill(signal)
      await gone
      while (isRunning(Number(pid))) await new Promise((resolve) => setTimeout(resolve, 10))
      // A parent that is killed cannot clear away; the next one does that for control groups.
      if (signal === undefined) for (const folder of folders) assert.equal(existsSync(folder), false, folder)
    }
    const jail = jailOf()
    await jail.close()
    // Such a folder is empty.
    for (const name of temporaryFiles()) rmdirSync(join(process.env.TMPDIR!, name))
  })
})
