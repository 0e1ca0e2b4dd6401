import assert from 'node:assert/strict'
import { parseFailure, TaskQueue } from '../../runtime/event-loop.js'

describe('TaskQueue', () => {
  const never = () => false
  const nextOf = async (tasks: TaskQueue, isInterrupted = never) => {
    const result = await tasks.next(isInterrupted)
    return result && [result.task, result.kind, result.payload]
  }

  it('hands out results in the order in which they came', async () => {
    const tasks = new TaskQueue()
    tasks.begin(1, () => {})
    tasks.begin(2, () => {})
    tasks.post(2, 'value', 'b', true)
    tasks.post(1, 'data', 'a', false)
    tasks.post(1, 'end', undefined, true)
    assert.deepEqual(await nextOf(tasks), [2, 'value', 'b'])
    assert.deepEqual(await nextOf(tasks), [1, 'data', 'a'])
    assert.deepEqual(await nextOf(tasks), [1, 'end', undefined])
    assert.equal(await nextOf(tasks), undefined)
  })

  it('waits while work is open, and no longer', async () => {
    const tasks = new TaskQueue()
    assert.equal(await nextOf(tasks), undefined)
    tasks.begin(1, () => {})
    const next = nextOf(tasks)
    tasks.post(1, 'value', 1, true)
    assert.deepEqual(await next, [1, 'value', 1])
    tasks.begin(2, () => {})
    const none = nextOf(tasks)
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
    assert.deepEqual(await nextOf(tasks), [2, 'value', 'last'])
    assert.equal(await nextOf(tasks), undefined)
    assert.deepEqual(cancelled, [3])
  })

  describe('items', () => {
    const filled = (...payloads: [task: number, payload: string][]) => {
      const tasks = new TaskQueue()
      const taken: number[] = []
      const source = { onTaken: (units: number) => taken.push(units) }
      for (const task of [1, 2]) tasks.begin(task, () => {})
      for (const [i, [task, payload]] of payloads.entries()) tasks.postItem(task, payload, source, i)
      return { tasks, taken }
    }

    it('go together as far as they are of the same work, and are taken one by one', () => {
      const { tasks, taken } = filled([1, '"a"'], [1, '{}'], [1, '3'], [2, '4'], [1, '5'])
      const first = tasks.take()!
      assert.deepEqual(tasks.listFrom(first), { json: '["a",{},3]', count: 3 })
      assert.deepEqual([taken, tasks.waiting], [[0], 4])
      tasks.take()
      assert.deepEqual([[...taken], tasks.take()?.payload, tasks.waiting], [[0, 1], '3', 2])
      assert.deepEqual([tasks.listFrom(tasks.take()!), tasks.listFrom(tasks.take()!)], [undefined, undefined])
      assert.equal(tasks.take(), undefined)
    })

    it('go alone where they are long, and before other results', () => {
      const { tasks } = filled([1, '1'], [1, `"${'x'.repeat(5000)}"`], [1, '2'])
      tasks.post(1, 'end', undefined, true)
      for (let result = tasks.take(); result !== undefined; result = tasks.take()) {
        assert.equal(tasks.listFrom(result), undefined)
      }
    })

    it('go together up to a length', () => {
      const { tasks } = filled(...Array.from({ length: 20 }, (): [number, string] => [1, `"${'x'.repeat(4000)}"`]))
      assert.equal(tasks.listFrom(tasks.take()!)?.count, 9)
    })

    it('are so many at a time, and fewer after one that kept the others waiting', () => {
      const { tasks } = filled(...Array.from({ length: 1000 }, (): [number, string] => [1, '0']))
      const takeList = (taken: (count: number) => number) => {
        const list = tasks.listFrom(tasks.take()!)
        if (list === undefined) return 1
        const count = taken(list.count)
        for (let i = 1; i < count; i++) tasks.take()
        tasks.onListTaken(list, count)
        return list.count
      }
      const all = (count: number) => count
      const one = () => 1
      assert.deepEqual([takeList(all), takeList(all), takeList(one)], [64, 64, 64])
      assert.deepEqual(
        Array.from({ length: 11 }, () => takeList(all)),
        [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8],
      )
      assert.deepEqual([takeList(() => 5), takeList(all), takeList(all)], [16, 5, 10])
    })
  })

  it('cancels all work and drops all results at once', async () => {
    const tasks = new TaskQueue()
    const cancelled: number[] = []
    tasks.begin(1, () => cancelled.push(1))
    tasks.begin(2, () => cancelled.push(2))
    tasks.post(1, 'value', 1, false)
    tasks.clear()
    assert.deepEqual([cancelled, tasks.size, tasks.waiting], [[1, 2], 0, 0])
    assert.equal(await nextOf(tasks), undefined)
  })

  it('ends its wait when it is interrupted', async () => {
    const tasks = new TaskQueue()
    tasks.begin(1, () => {})
    let isInterrupted = false
    const next = nextOf(tasks, () => isInterrupted)
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
