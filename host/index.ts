/** The registry of host modules: every operation that a VM is given. */
import type { HostModule } from '../runtime/host-module.js'
import { clock, timers } from './clock.js'
import { commonJs } from './commonjs.js'
import { consoleModule } from './console.js'
import { data } from './data.js'
import { encoding } from './encoding.js'
import { execution } from './execution.js'
import { files, utf8 } from './files.js'
import { fs } from './fs.js'
import { metrics } from './metrics.js'
import { rehearsal } from './rehearsal/rehearsal-module.js'
import { secrets } from './secrets/secrets-module.js'
import type { VuContext } from './vu-context.js'
import { webCrypto } from './webcrypto/webcrypto-module.js'

type Modules = readonly HostModule<VuContext>[]

const always: Modules = [
  clock,
  commonJs,
  consoleModule,
  data,
  encoding,
  execution,
  files,
  fs,
  metrics,
  rehearsal,
  secrets,
  timers,
  utf8,
  webCrypto,
]

/** What takes time to load, by the module of k6 that needs it: scripts without that do without it. */
const onDemand: readonly (readonly [k6Module: string, load: () => Promise<Modules>])[] = [
  ['k6/crypto', async () => [(await import('./crypto/crypto-module.js')).crypto]],
  ['k6/crypto/x509', async () => [(await import('./x509/x509-module.js')).x509]],
  ['k6/experimental/csv', async () => [(await import('./csv/csv-module.js')).csv]],
  ['k6/http', async () => (await import('./http/index.js')).modules],
  ['k6/net/grpc', async () => (await import('./grpc/index.js')).modules],
]

/** The modules for a script that imports these modules of k6, always in the same order. */
export async function hostModulesFor(k6Modules: Iterable<string>): Promise<Modules> {
  const wanted = new Set(k6Modules)
  const loads = onDemand.filter(([name]) => wanted.has(name)).map(([, load]) => load())
  return [always, ...(await Promise.all(loads))].flat()
}

/** All of them. */
export const allHostModules = (): Promise<Modules> => hostModulesFor(onDemand.map(([name]) => name))
