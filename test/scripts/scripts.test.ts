/**
 * Runs every folder here that has an expected.json: its script.js or script.ts, through the whole engine. A new case is a new
 * folder. The console of the iterations is compared line by line; errors by their first lines. Scripts that read GRPC_ADDR
 * get the example server.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../package-root.js'
import { type PolicyInput, policyFrom } from '../../policy/policy-input.js'
import { sharedServer } from '../examples/server/example-server.js'
import { runScript } from '../support/run-script.js'

interface Expected {
  exitCode: number
  console: string[]
  errors: string[]
  /** What the script may do, with folders relative to its own; it is trusted without. */
  policy?: PolicyInput
  /** How many samples, or which sum, a metric has. */
  counters?: Record<string, number>
  /** All metrics and sub-metrics of gRPC that the run has in the end. */
  grpcMetrics?: string[]
}

const folder = join(packageRoot, 'test', 'scripts')

describe('scripts', () => {
  for (const name of readdirSync(folder)) {
    const expectedFile = join(folder, name, 'expected.json')
    if (!existsSync(expectedFile)) continue
    it(name, async () => {
      const expected = JSON.parse(readFileSync(expectedFile, 'utf8')) as Expected
      const script = ['script.js', 'script.ts']
        .map((file) => join(folder, name, file))
        .find((file) => existsSync(file))!
      const source = readFileSync(script, 'utf8')
      const env: Record<string, string> = {}
      if (source.includes('GRPC_ADDR')) env.GRPC_ADDR = (await sharedServer()).plaintext
      const { exitCode, lines, errors, count, run } = await runScript(source, {
        settings: {
          script: { mainUrl: pathToFileURL(script).href },
          ...(expected.policy === undefined
            ? {}
            : { policy: policyFrom(expected.policy, { baseFolder: join(folder, name) }) }),
        },
        env,
      })
      const said = lines.filter((line) => line.fields.source === 'console' && !line.msg.endsWith(' runs'))
      assert.deepEqual(
        said.map((line) => line.msg),
        expected.console,
      )
      assert.deepEqual(
        errors.map((text) => text.split('\n')[0]),
        expected.errors,
      )
      assert.equal(exitCode, expected.exitCode)
      for (const [metric, sum] of Object.entries(expected.counters ?? {})) assert.equal(count(metric), sum, metric)
      if (expected.grpcMetrics === undefined) return
      const names = run.store.observed().map((stored) => stored.name)
      assert.deepEqual(names.filter((name) => name.startsWith('grpc_')).sort(), expected.grpcMetrics)
    })
  }
})
