/**
 * The text of one module as QuickJS gets it: what format it is, which names it imports, and, for a CommonJS file, the
 * module around it. Reads no files.
 */
import { init, parse } from 'es-module-lexer'

export type ModuleFormat = 'esm' | 'commonjs' | 'json'

/** One `import`, `export … from` or `require` of a module, with the names it asks for. */
export interface ImportRequest {
  specifier: string
  names: readonly string[]
  /** True for a call of `require`, which may never be reached. */
  isRequire?: boolean
}

export interface ParsedSource {
  format: ModuleFormat
  imports: readonly ImportRequest[]
  usesImportMeta: boolean
}

/** Must have settled before `parseSource` is called. */
export const lexerReady: Promise<void> = init()

const commonJs: ParsedSource = { format: 'commonjs', imports: [], usesImportMeta: false }

/**
 * Tells ESM from CommonJS as k6 does (import, export or top-level await make an ES module) and lists the imports.
 * A file that the lexer cannot read is taken for an ES module, and QuickJS then says what is wrong with it.
 */
export function parseSource(source: string): ParsedSource {
  try {
    const [imports, , , hasModuleSyntax] = parse(source)
    if (!hasModuleSyntax && !/\bawait\b/.test(source)) return commonJs
    if (!hasModuleSyntax && /\b(module\.exports|exports\.|require\s*\()/.test(source)) return commonJs
    const found: ImportRequest[] = []
    for (const item of imports) {
      if (item.type !== 'static' && item.type !== 'reexport-star') continue
      if (item.typeOnly) continue
      found.push({ specifier: item.specifier, names: importedNames(source.slice(item.importStart, item.start)) })
    }
    return { format: 'esm', imports: found, usesImportMeta: imports.some((item) => item.type === 'import-meta') }
  } catch {
    return { format: 'esm', imports: [], usesImportMeta: false }
  }
}

/** The names in `import a, { b, c as d } from` or `export { b } from`: here default, b and c. */
export function importedNames(statement: string): string[] {
  const text = statement.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ')
  const names: string[] = []
  const braces = /\{([^}]*)\}/.exec(text)
  for (const part of braces?.[1]?.split(',') ?? []) {
    const name = /^\s*(?:type\s+)?([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)/u.exec(part)?.[1]
    if (name !== undefined) names.push(name)
  }
  if (/^import\s+[\p{ID_Start}$_]/u.test(text) && !/^import\s+type\b/.test(text)) names.push('default')
  return names
}

/** The specifiers of `require('…')` calls with a literal, in order. */
export function requiredSpecifiers(source: string): string[] {
  const found = new Set<string>()
  for (const match of source.matchAll(/\brequire\s*\(\s*(?:'([^'\n]+)'|"([^"\n]+)"|`([^`$\n]+)`)\s*\)/g)) {
    found.add((match[1] ?? match[2] ?? match[3])!)
  }
  return [...found]
}
