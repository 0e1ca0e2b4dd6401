/** Puts on a module's `import.meta` what k6 has there: `resolve`, and no `url`. */
import { ops } from './internal/bridge.js'
import { defineProperty, toText } from './internal/primordials.js'

const host = ops<{ url(base: string, specifier: string): string }>('commonjs', ['url'])

export function fillImportMeta(meta: Record<string, unknown>, url: string): void {
  delete meta.url
  defineProperty(meta, 'resolve', { value: (specifier?: unknown) => host.url(url, toText(specifier)) })
}
