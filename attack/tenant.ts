/** One run of one tenant: the only place that knows how a run is started. */
import { type PolicyInput, type RunLogLine, type RunOutcome, runScript } from '../index.js'

export type TenantOutcome = RunOutcome

export interface TenantRequest {
  /** The main module, absolute. */
  readonly path: string
  /** Over the profile `untrusted`. */
  readonly policy: PolicyInput
  readonly options?: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  readonly threads: number
  readonly signal: AbortSignal
  readonly onLine: (line: RunLogLine) => void
}

export function runTenant({ path, onLine, ...rest }: TenantRequest): Promise<TenantOutcome> {
  return runScript({
    ...rest,
    script: { path },
    policy: { profile: 'untrusted', ...rest.policy },
    stopMs: 2000,
    onEvent: (event) => {
      if (event.type === 'log') onLine(event.line)
    },
  })
}
