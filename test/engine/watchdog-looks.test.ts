import assert from 'node:assert/strict'
import { Heartbeat } from '../../engine/heartbeat.js'
import { type Stuck, Watchdog } from '../../engine/watchdog.js'
import type { AppError } from '../../errors.js'

describe('Watchdog', () => {
  const limits = { cpuMs: 200, initCpuMs: 300, stageCpuMs: 200, graceMs: 100, runCpuMs: Number.POSITIVE_INFINITY }
  const pulseOf = (heartbeat: Heartbeat, vu: number) => heartbeat.pulse(vu, () => 7)

  function watched(heartbeat = new Heartbeat()) {
    let onStuck: (stuck: Stuck) => void = () => {}
    const stuck = new Promise<Stuck>((resolve) => {
      onStuck = resolve
    })
    return { heartbeat, stuck, thread: { heartbeat, onStuck } }
  }

  it('tells whose code is beyond its time, and which limit that is', async () => {
    const watchdog = new Watchdog(limits, () => {})
    const { heartbeat, stuck, thread } = watched()
    watchdog.watch(thread)
    pulseOf(heartbeat, 3).begin(300, 'initCpuMs', true, performance.now())
    const busy = setInterval(() => {}, 1000)
    const { vu, error } = await stuck
    assert.equal(vu, 3)
    assert.equal(error.code, 'LIMIT_CPU')
    assert.equal(error.message, 'the script used more than 300 ms of CPU without waiting (limit initCpuMs)')
    assert.equal(heartbeat.unsentSamples, 7)
    clearInterval(busy)
    watchdog.close()
  })

  it('leaves a thread alone that goes on with another thing each time, however late it is', async () => {
    const watchdog = new Watchdog(limits, () => {})
    const [lively, stuck] = [watched(), watched()]
    watchdog.watch(lively.thread)
    // Each entry is over its time as soon as it begins, and each is another one.
    const pulse = pulseOf(lively.heartbeat, 1)
    const busy = setInterval(() => {
      pulse.begin(-1, 'cpuMs', true, performance.now())
      pulse.end(performance.now())
      pulse.begin(-1, 'cpuMs', true, performance.now())
    }, 5)
    pulseOf(stuck.heartbeat, 2).begin(0, 'cpuMs', true, performance.now())
    watchdog.watch(stuck.thread)
    const first = await Promise.race([lively.stuck, stuck.stuck])
    assert.equal(first.vu, 2)
    clearInterval(busy)
    watchdog.close()
  })

  it('blames nobody for a thread that is silent outside of scripts', async () => {
    const watchdog = new Watchdog(limits, () => {})
    const { heartbeat, stuck, thread } = watched()
    heartbeat.beat()
    watchdog.watch(thread)
    const busy = setInterval(() => {}, 1000)
    const { vu, error } = await stuck
    assert.equal(vu, undefined)
    assert.match(error.message, /took more than 300 ms/)
    clearInterval(busy)
    watchdog.close()
  })

  it('adds up the CPU time of all threads, those that ended included', async () => {
    let tell: (error: AppError) => void = () => {}
    const told = new Promise<AppError>((resolve) => {
      tell = resolve
    })
    const watchdog = new Watchdog({ ...limits, runCpuMs: 150 }, tell)
    const [ended, running] = [watched(), watched()]
    watchdog.watch(ended.thread)
    const pulse = pulseOf(ended.heartbeat, 1)
    pulse.begin(1000, 'cpuMs', true, performance.now())
    const until = performance.now() + 100
    while (performance.now() < until);
    pulse.end(performance.now())
    watchdog.forget(ended.thread)
    assert.ok(watchdog.cpuMs >= 100)
    watchdog.watch(running.thread)
    pulseOf(running.heartbeat, 2).begin(100_000, 'cpuMs', true, performance.now())
    const busy = setInterval(() => {}, 1000)
    assert.equal((await told).message, 'the run used more than 150 ms of CPU (limit runCpuMs)')
    clearInterval(busy)
    watchdog.close()
  })
})
