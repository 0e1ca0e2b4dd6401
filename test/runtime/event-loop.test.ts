import assert from 'node:assert/strict'
import { parseFailure, TaskQueue } from '../../runtime/event-loop.js'

describe('TaskQueue', () => {
  const never = () => false

  it('hands out results in the order in which they came', async () => {
    const tasks = new TaskQueue()
    tasks.begin(1, () => {})
    tasks.begin(2, () => {})
    tasks.post(2, 'value', 'b', true)
    tasks.post(1, 'data', 'a', false)
    tasks.post(1, 'end', undefined, true)
    assert.deepEqual(await tasks.next(never), [2, 'value', 'b'])
    assert.deepEqual(await tasks.next(never), [1, 'data', 'a'])
    assert.deepEqual(await tasks.next(never), [1, 'end', undefined])
    assert.equal(await tasks.next(never), undefined)
  })

  it('waits while work is open, and no longer', async () => {
    const tasks = new TaskQueue()
    assert.equal(await tasks.next(never), undefined)
    tasks.begin(1, () => {})
    const next = tasks.next(never)
    tasks.post(1, 'value', 1, true)
    assert.deepEqual(await next, [1, 'value', 1])
    tasks.begin(2, () => {})
    const none = tasks.next(never)
    tasks.end(2)
    assert.equal(await none, undefined)
  })

  it('drops results of work that was never begun, has ended, or was cancelled', async () => {
    const tasks = new TaskQueue()
    const cancelled: number[] = []
    tasks.post(1, 'value', 'never begun', true)
    tasks.begin(2, () => cancelled.push(2))
    tasks.post(2, 'value', 'last', true)
    tasks.post(2, 'value', 'after the last', true)
    tasks.begin(3, () => cancelled.push(3))
    tasks.end(3)
    tasks.post(3, 'value', 'ended', true)
    assert.deepEqual(await tasks.next(never), [2, 'value', 'last'])
    assert.equal(await tasks.next(never), undefined)
    assert.deepEqual(cancelled, [3])
  })

  it('cancels all work and drops all results at once', async () => {
    const tasks = new TaskQueue()
    const cancelled: number[] = []
    tasks.begin(1, () => cancelled.push(1))
    tasks.begin(2, () => cancelled.push(2))
    tasks.post(1, 'value', 1, false)
    tasks.clear()
    assert.deepEqual([cancelled, tasks.size, tasks.waiting], [[1, 2], 0, 0])
    assert.equal(await tasks.next(never), undefined)
  })

  it('ends its wait when it is interrupted', async () => {
    const tasks = new TaskQueue()
    tasks.begin(1, () => {})
    let isInterrupted = false
    const next = tasks.next(() => isInterrupted)
    isInterrupted = true
    tasks.interrupt()
    assert.equal(await next, undefined)
  })
})

describe('parseFailure', () => {
  it('reads what the guest half writes', () => {
    assert.deepEqual(parseFailure('!{"text":"Error: a","frames":"\\tat f\\n"}'), {
      text: 'Error: a',
      frames: '\tat f\n',
      isFromPromise: false,
    })
    assert.equal(parseFailure('!p{"text":"a","frames":""}').isFromPromise, true)
  })

  it('makes a failure of anything else: it comes from the guest', () => {
    for (const odd of ['', '!', '!p', '!null', '!{', 'text', '!5']) {
      const { text, frames } = parseFailure(odd)
      assert.equal(typeof text, 'string', odd)
      assert.equal(typeof frames, 'string', odd)
    }
    const { text } = parseFailure(`!${JSON.stringify({ text: 'x'.repeat(1e6), frames: '' })}`)
    assert.ok(text.length <= 64 * 1024)
  })
})
