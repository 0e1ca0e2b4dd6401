/** What handleSummary returned, decoded: contents by the path that the script gave, `stdout` and `stderr` among them. */

/** Entries as the guest half writes them: [path, 'text' | 'base64', content]. */
type Entry = readonly [path: string, encoding: 'text' | 'base64', content: string]

/** @param json as `Run.handleSummary` answers it */
export function summaryFiles(json: string): Map<string, string | Uint8Array> {
  const entries = JSON.parse(json) as Entry[]
  return new Map(
    entries.map(([path, encoding, content]) => [path, encoding === 'text' ? content : Buffer.from(content, 'base64')]),
  )
}
