/** What is told of a module that cannot be parsed or linked. */
import { AppError } from '../errors.js'
import type { GuestFailure } from '../runtime/event-loop.js'
import type { ModuleGraph } from '../script/module-graph.js'
import { parserReady, syntaxErrorText } from '../script/typescript.js'
import { ScriptFailure } from './script-failure.js'

/**
 * The error in k6's words. QuickJS gives a syntax error one frame that is a place and no function; for its text, the parser
 * that strips types is asked, which finds what k6 finds. Undefined for what a running script threw.
 */
export async function loadError(failure: GuestFailure, graph: ModuleGraph): Promise<AppError | undefined> {
  const { text, frames } = failure
  const unlinked = /^SyntaxError: Could not find export '([^']*)' in module '([^']*)'$/.exec(text)
  if (unlinked !== null) {
    const [, name, url] = unlinked as unknown as [string, string, string]
    const specifier = graph.specifierFor(name, url)
    if (specifier === undefined) return undefined
    const said = `SyntaxError: The requested module "${specifier}" does not provide an export named "${name}"`
    return new ScriptFailure({ ...failure, text: said })
  }
  const place = /^\tat (\S+):(\d+):(\d+)\n/.exec(frames)
  if (!text.startsWith('SyntaxError') || place === null) return undefined
  const [, url, line, column] = place as unknown as [string, string, string, string]
  await parserReady()
  const module = graph.find(url)
  const found = module === undefined ? undefined : syntaxErrorText(module.source, module.format === 'esm')
  return new AppError(
    'SCRIPT_EXCEPTION',
    `${url}: ${found ?? `Line ${line}:${column} ${text.replace(/^SyntaxError: /, '')}`}`,
  )
}
