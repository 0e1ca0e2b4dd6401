import assert from 'node:assert/strict'
import type { Group } from '../../metrics/group-tree.js'
import { runScript } from '../support/run-script.js'

describe('groups in setup and teardown', () => {
  it('are inside the groups around them, also for what comes after', async () => {
    const { run } = await runScript(`
      import { check, group } from 'k6'
      export const setup = () => { group('in', () => check(1, { a: 1 })); check(1, { b: 1 }) }
      export default function () { group('in', () => check(1, { c: 1 })); check(1, { d: 1 }) }
      export const teardown = () => { check(1, { e: 1 }) }`)
    const found: string[] = []
    const collect = (group: Group) => {
      for (const { path } of group.checks.values()) found.push(path)
      for (const inner of group.groups.values()) collect(inner)
    }
    collect(run.store.rootGroup)
    assert.deepEqual(found.sort(), ['::d', '::in::c', '::setup::b', '::setup::in::a', '::teardown::e'])
  })
})
