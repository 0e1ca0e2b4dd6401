/**
 * The benchmark's server as a process of its own, `main.js KIND`, started with a channel to its parent. It says its addresses, answers each
 * process ID with what was served so far and what that process has used up at the same moment, and ends with its parent.
 */
import { type ServerKind, startBenchServer } from './bench-server.js'
import { processUsage } from './process-usage.js'

const server = await startBenchServer(process.argv[2] as ServerKind)
process.on('disconnect', () => process.exit(0))
process.on('message', (pid: number) => {
  process.send!({
    timeMs: performance.now(),
    answered: server.answered(),
    connections: server.activeConnections(),
    usage: processUsage(pid),
  })
})
process.send!(server.addresses)
