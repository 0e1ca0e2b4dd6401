import assert from 'node:assert/strict'
import { type Deadline, setDeadline } from '../../host/deadlines.js'
import { uncaughtDuring } from '../support/uncaught.js'

describe('setDeadline', () => {
  const inMs = (ms: number, told: () => void): Deadline => setDeadline(ms, { onDeadline: told })
  const over = (ms: number) =>
    new Promise<number>((resolve) => {
      const beganAtMs = performance.now()
      inMs(ms, () => resolve(performance.now() - beganAtMs))
    })

  it('tells when the time is over, and not before', async () => {
    for (const ms of [1, 7.5, 30]) assert.ok((await over(ms)) >= ms)
  })

  it('tells those of the same length in their order, and none that was cancelled', async () => {
    const told: number[] = []
    const all = Array.from({ length: 10 }, (_, i) => inMs(20, () => told.push(i)))
    for (const i of [0, 4, 9]) all[i]?.cancel()
    await over(20)
    assert.deepEqual(told, [1, 2, 3, 5, 6, 7, 8])
  })

  it('tells a later one in time when those before it are gone', async () => {
    inMs(40, () => assert.fail('cancelled')).cancel()
    await new Promise((resolve) => setTimeout(resolve, 10))
    assert.ok((await over(40)) >= 40)
  })

  it('may be cancelled twice, and after it was told', async () => {
    let told = 0
    const deadline = inMs(5, () => told++)
    await over(10)
    deadline.cancel()
    deadline.cancel()
    assert.equal(told, 1)
  })

  it('takes deadlines that are set and cancelled while others are told', async () => {
    const told: string[] = []
    await new Promise<void>((resolve) => {
      inMs(10, () => {
        told.push('first')
        second.cancel()
        inMs(10, () => {
          told.push('third')
          resolve()
        })
      })
      const second = inMs(10, () => told.push('second'))
    })
    assert.deepEqual(told, ['first', 'third'])
  })

  it('keeps to many lengths at a time', async () => {
    const lengths = Array.from({ length: 200 }, (_, i) => 5 + i / 10)
    const waits = lengths.map(over)
    const early = (await Promise.all(waits)).filter((ms, i) => ms < (lengths[i] as number))
    assert.deepEqual(early, [])
  })

  it('tells the others when one throws, and goes on', async () => {
    const told: string[] = []
    const oops = new Error('oops')
    const uncaught = await uncaughtDuring(async () => {
      inMs(15, () => {
        throw oops
      })
      inMs(15, () => told.push('another'))
      await over(15)
    })
    await over(15)
    assert.deepEqual([told, uncaught], [['another'], [oops]])
  })
})
