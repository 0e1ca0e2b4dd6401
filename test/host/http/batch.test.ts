import assert from 'node:assert/strict'
import { runBatch } from '../../../host/http/batch.js'

/** Jobs that end when they are told; the highest number that were open at once, in all and by host. */
function controlled(hosts: string[]) {
  const open = new Map<string, number>()
  let most = 0
  const mostOf = new Map<string, number>()
  const jobs = hosts.map((host, index) => ({
    host,
    async run() {
      open.set(host, (open.get(host) ?? 0) + 1)
      most = Math.max(
        most,
        [...open.values()].reduce((a, b) => a + b),
      )
      mostOf.set(host, Math.max(mostOf.get(host) ?? 0, open.get(host)!))
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
      open.set(host, open.get(host)! - 1)
      return index
    },
  }))
  return { jobs, most: () => most, mostOf }
}

describe('runBatch', () => {
  it('keeps the order and both bounds', async () => {
    const hosts = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'a']
    const { jobs, most, mostOf } = controlled(hosts)
    assert.deepEqual(await runBatch(jobs, 4, 2), [0, 1, 2, 3, 4, 5, 6, 7])
    assert.equal(most(), 4)
    assert.deepEqual([mostOf.get('a'), mostOf.get('b')], [2, 2])
  })

  it('takes 0 for no bound', async () => {
    const { jobs, most } = controlled(['a', 'a', 'a', 'b'])
    await runBatch(jobs, 0, 0)
    assert.equal(most(), 4)
  })

  it('fails with the first that fails, and is over at once without jobs', async () => {
    const failing = { host: 'a', run: () => Promise.reject(new Error('no')) }
    await assert.rejects(runBatch([failing], 1, 1), /no/)
    assert.deepEqual(await runBatch([], 1, 1), [])
  })
})
