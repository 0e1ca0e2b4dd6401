/** What handleSummary returned, as the guest half writes it, on its way to those who use it. */
import { AppError } from '../errors.js'
import type { Gate } from '../policy/gate.js'

/** A file, or `stdout` or `stderr`, with what is to be written there. */
export interface SummaryEntry {
  /** As the script wrote it. */
  readonly path: string
  readonly content: string | Uint8Array
}

/** True for what is no file. */
export const isStream = (path: string): path is 'stdout' | 'stderr' => path === 'stdout' || path === 'stderr'

/**
 * Reads a JSON list of [path, 'text' | 'base64', content], which need not come from a guest half of ours.
 *
 * @throws {AppError} LIMIT_SIZE for `summaryBytes`, LIMIT_COUNT for `summaryFiles`, INTERNAL for another shape
 */
export function readSummary(json: string, gate: Gate): SummaryEntry[] {
  const { summaryBytes, summaryFiles } = gate.policy.limits
  const bytes = Buffer.byteLength(json)
  if (bytes > summaryBytes) {
    const text = `handleSummary() returned ${bytes} bytes; it may return ${summaryBytes}`
    throw gate.overLimit('LIMIT_SIZE', 'summaryBytes', 'handleSummary()', 0, text)
  }
  const entries = entriesOf(json)
  const files = entries.filter(({ path }) => !isStream(path)).length
  if (files > summaryFiles) {
    const text = `handleSummary() returned ${files} files; it may return ${summaryFiles}`
    throw gate.overLimit('LIMIT_COUNT', 'summaryFiles', 'handleSummary()', 0, text)
  }
  return entries
}

function entriesOf(json: string): SummaryEntry[] {
  const list: unknown = JSON.parse(json)
  if (!Array.isArray(list)) throw unreadable()
  return list.map((entry: unknown) => {
    if (!Array.isArray(entry)) throw unreadable()
    const [path, encoding, content] = entry as unknown[]
    if (typeof path !== 'string' || typeof content !== 'string') throw unreadable()
    return { path, content: encoding === 'base64' ? Buffer.from(content, 'base64') : content }
  })
}

const unreadable = () => new AppError('INTERNAL', 'what handleSummary() returned came in another shape')
