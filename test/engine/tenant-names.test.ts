/** Names that mean something to JavaScript, wherever a script may choose a name: they are names like others. */
import assert from 'node:assert/strict'
import { summaryData } from '../../report/summary-data.js'
import { summaryExport } from '../../report/summary-export.js'
import { summaryText } from '../../report/summary-text.js'
import { context } from '../report/summarised-run.js'
import { runScript } from '../support/run-script.js'

const names = ['__proto__', 'constructor', 'hasOwnProperty', 'prototype', 'then', 'toJSON', 'toString', 'valueOf']
const list = JSON.stringify(names)

/** What the prototypes of this process have, to be the same afterwards. */
const prototypes = () =>
  [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).map(String))

describe('names that mean something to JavaScript', () => {
  it('are names of checks, groups, tags, metrics, thresholds, variables and keys of setup data like others', async () => {
    const before = prototypes()
    const thresholds = names.map((name) => `[${JSON.stringify(`all{${name}:${name}}`)}, ['count==1']]`).join()
    const { run, result, said, error, errors } = await runScript(
      `import { check, group } from 'k6'
      import exec from 'k6/execution'
      import { Counter } from 'k6/metrics'
      const names = ${list}
      const all = new Counter('all')
      for (const name of names) if (/^[a-zA-Z_]\\w+$/.test(name)) new Counter(name)
      export const options = {
        iterations: 1,
        thresholds: Object.fromEntries([${thresholds}]),
        tags: Object.fromEntries(names.map(name => [name, 'run'])),
      }
      export function setup() { return JSON.parse('{' + names.map(name => JSON.stringify(name) + ':1').join() + '}') }
      export default function (data) {
        console.log(Object.keys(data).join())
        console.log(names.map(name => __ENV[name]).join())
        for (const name of names) {
          all.add(1, Object.fromEntries([[name, name]]))
          group(name, () => check(1, Object.fromEntries([[name, true]])))
          exec.vu.tags[name] = 'x'
          exec.vu.metrics.metadata[name] = 'x'
        }
      }`,
      {
        env: Object.fromEntries(names.map((name) => [name, 'env'])),
        settings: { hasBreakdown: true },
      },
    )
    assert.deepEqual([error, errors], [undefined, []])
    assert.deepEqual(said, [names.join(), names.map(() => 'env').join()])
    assert.deepEqual(Object.keys(result.setupData as object), names)
    assert.deepEqual([...run.store.checks.keys()], names)
    assert.deepEqual([...run.store.rootGroup.groups.keys()], names)
    const { thresholds: judged, store } = run
    assert.equal(judged.all().length, names.length)
    assert.ok(judged.all().every((one) => one.thresholds.every(({ hasFailed }) => !hasFailed)))
    const shown = { ...context, setupData: result.setupData }
    const exported = JSON.parse(summaryExport(store, judged, shown))
    assert.deepEqual(Object.keys(exported.root_group.groups).sort(), [...names].sort())
    assert.deepEqual(Object.keys(exported.setup_data), names)
    const data = JSON.parse(JSON.stringify(summaryData(store, judged, shown)))
    for (const name of names) assert.ok(Object.hasOwn(data.metrics, `all{${name}:${name}}`), name)
    const text = summaryText(store, judged, shown, 'full')
    for (const name of names) assert.ok(text.includes(`✓ ${name}\n`) && text.includes(`GROUP: ${name} `), name)
    assert.deepEqual(prototypes(), before)
  })

  it('are names of scenarios where k6 allows them, with tags and variables of their own', async () => {
    const before = prototypes()
    const allowed = names.filter((name) => /^[0-9a-zA-Z_-]+$/.test(name))
    const { said, error } = await runScript(
      `const names = ${JSON.stringify(allowed)}
      export const options = {
        scenarios: Object.fromEntries(names.map(name => [name, {
          executor: 'shared-iterations', iterations: 1, vus: 1, exec: 'hello',
          env: Object.fromEntries([[name, 'of ' + name]]), tags: Object.fromEntries([[name, name]]),
        }])),
      }
      import exec from 'k6/execution'
      export function hello() {
        const { name } = exec.scenario
        console.log([name, __ENV[name], exec.vu.tags[name]].join(' '))
      }`,
      { settings: { hasBreakdown: true } },
    )
    assert.equal(error, undefined)
    assert.deepEqual([...said].sort(), allowed.map((name) => `${name} of ${name} ${name}`).sort())
    assert.deepEqual(prototypes(), before)
  })
})
