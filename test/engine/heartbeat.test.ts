import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { Heartbeat } from '../../engine/heartbeat.js'
import { ThreadClock, threadClockFile } from '../../runtime/thread-clock.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

describeInVmThread('the CPU time of a script that is paused', import.meta.url, (it) => {
  it('is its own, whatever others of its thread begin and use meanwhile', () => {
    // Only Linux tells the time of a thread.
    if (!existsSync(threadClockFile)) return
    const clock = ThreadClock.own()!
    const compute = (ms: number) => {
      for (const end = clock.cpuMs()! + ms; clock.cpuMs()! < end; );
    }
    const heartbeat = new Heartbeat()
    heartbeat.openClock()
    heartbeat.beat()
    const [one, other] = [heartbeat.pulse(1, () => 0), heartbeat.pulse(2, () => 0)]
    one.begin(1000, 'cpuMs', true, performance.now())
    compute(100)
    one.pause()
    one.end(performance.now())
    heartbeat.beat()
    other.begin(1000, 'cpuMs', true, performance.now())
    compute(300)
    other.end(performance.now())
    one.resume()
    one.begin(900, 'cpuMs', false, performance.now())
    compute(100)
    const usedMs = one.cpuMs()!
    assert.ok(usedMs >= 200, `${usedMs} ms: what it used before others began`)
    assert.ok(usedMs < 400, `${usedMs} ms: what others used`)
    // The watchdog sees the same.
    const look = new Heartbeat(heartbeat.buffer)
    one.begin(-1, 'cpuMs', false, performance.now())
    assert.ok(look.look().threadCpuMs! >= 200)
    one.end(performance.now())
  })
})
