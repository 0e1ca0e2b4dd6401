/** The flags of the commands that say what a script may do: the same for all of them. */
import type { FlagTable, FlagValues } from './flag-syntax.js'

export const policyFlagTable = {
  profile: { kind: 'string', placeholder: 'name', help: 'what a script may do: trusted (the default) or untrusted' },
  policy: { kind: 'string', placeholder: 'file', help: 'YAML or JSON file that says what a script may do' },
  'allow-net': { kind: 'array', placeholder: 'rule', help: 'connect to these hosts or addresses only; repeatable' },
  'deny-net': { kind: 'array', placeholder: 'rule', help: 'never connect to these hosts or addresses; repeatable' },
  'allow-grpc': { kind: 'array', placeholder: 'pkg.Service/*', help: 'call these gRPC methods only; repeatable' },
  'allow-read': { kind: 'array', placeholder: 'folder', help: 'read files of these folders only; repeatable' },
  'allow-write': { kind: 'array', placeholder: 'folder', help: 'write files to these folders only; repeatable' },
  'allow-env': { kind: 'array', placeholder: 'name', help: 'show these variables of the environment only; repeatable' },
  'allow-module': { kind: 'array', placeholder: 'k6/*', help: 'import these modules only; repeatable' },
  limit: { kind: 'array', placeholder: 'name=value', help: 'change a limit of the sandbox; repeatable' },
  'audit-log': { kind: 'string', placeholder: 'file', help: 'JSON lines of what the policy refused' },
} as const satisfies FlagTable

export type PolicyFlags = FlagValues<typeof policyFlagTable>
