/** The registry of host modules: every operation that a VM is given. */
import type { HostModule } from '../runtime/host-module.js'
import { clock, timers } from './clock.js'
import { commonJs } from './commonjs.js'
import { consoleModule } from './console.js'
import { crypto } from './crypto/crypto-module.js'
import { csv } from './csv/csv-module.js'
import { data } from './data.js'
import { encoding } from './encoding.js'
import { execution } from './execution.js'
import { files, utf8 } from './files.js'
import { fs } from './fs.js'
import { grpc } from './grpc/grpc-module.js'
import { grpcRehearsal } from './grpc/grpc-rehearsal.js'
import { http } from './http/http-module.js'
import { metrics } from './metrics.js'
import { rehearsal } from './rehearsal/rehearsal-module.js'
import { secrets } from './secrets/secrets-module.js'
import type { VuContext } from './vu-context.js'
import { webCrypto } from './webcrypto/webcrypto-module.js'
import { x509 } from './x509/x509-module.js'

export const hostModules: readonly HostModule<VuContext>[] = [
  clock,
  commonJs,
  consoleModule,
  crypto,
  encoding,
  csv,
  data,
  execution,
  files,
  fs,
  grpc,
  grpcRehearsal,
  http,
  metrics,
  rehearsal,
  secrets,
  timers,
  utf8,
  webCrypto,
  x509,
]
