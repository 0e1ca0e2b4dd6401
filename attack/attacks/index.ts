/** All attacks, by area. */
import type { Area } from '../attack.js'
import { cpu } from './cpu.js'
import { data } from './data.js'
import { escapes } from './escapes.js'
import { execution } from './execution.js'
import { files } from './files.js'
import { hostileGrpc } from './hostile-grpc.js'
import { hostileHttp } from './hostile-http.js'
import { jobs } from './jobs.js'
import { memory } from './memory.js'
import { modules } from './modules.js'
import { network } from './network.js'
import { options } from './options.js'
import { output } from './output.js'
import { requests } from './requests.js'
import { schemas } from './schemas.js'
import { stack } from './stack.js'
import { summary } from './summary.js'

export const areas: readonly Area[] = [
  ...[cpu, jobs, memory, stack],
  ...[escapes, output, files, summary, modules, options, data, execution],
  ...[schemas, hostileGrpc, hostileHttp, requests, network],
]
