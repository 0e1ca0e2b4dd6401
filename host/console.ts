/** Trusted half of `console` and of the runner's own warnings: lines for the run's log, which the thread cuts and counts. */
import { defineHostModule, text } from '../runtime/host-module.js'
import type { LogLevel, VuContext } from './vu-context.js'

const levels: ReadonlySet<string> = new Set(['debug', 'info', 'warning', 'error'])

/** `line` with what is beyond `most` characters left out, and how much that is. */
export function cutLine(line: string, most: number): string {
  return line.length <= most ? line : `${line.slice(0, most)}… (${line.length - most} characters cut)`
}

export const consoleModule = defineHostModule<VuContext>('console', {
  log(vu, level, line) {
    const name = text(level, 'level')
    vu.services.log({
      level: (levels.has(name) ? name : 'info') as LogLevel,
      msg: text(line, 'text'),
      fields: { source: 'console' },
      timeMs: vu.services.now(),
    })
    return undefined
  },

  /** A warning of the runner. `fields` are lines, name and value in turn. */
  warn(vu, line, fields) {
    const pairs = text(fields, 'fields').split('\n')
    const found: Record<string, string> = Object.create(null)
    for (let i = 0; i + 1 < Math.min(pairs.length, 40); i += 2) found[pairs[i]!] = cutLine(pairs[i + 1]!, 1024)
    vu.services.log({
      level: 'warning',
      msg: text(line, 'text'),
      fields: found,
      timeMs: vu.services.now(),
    })
    return undefined
  },
})
