/**
 * A page of the documentation as tests see it: its examples, and its tables. docs/README.md says how examples are marked.
 * Runs nothing.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'

/** A fenced block that does something: a file to write, a script to run, or commands of a shell. */
export interface Example {
  /** Line of the page at which it begins. */
  readonly line: number
  readonly language: string
  readonly source: string
  /** The file that it becomes; commands become none. */
  readonly file: string | undefined
  readonly isRun: boolean
  readonly exitCode: number
  /** Lines that the output must have, in this order; `…` stands for any text. */
  readonly output: readonly string[]
  /** Whether numbers and their units may be others than those on the page. */
  readonly isAbout: boolean
}

interface Block {
  line: number
  info: string[]
  text: string[]
}

/** The text of a page, by its path from the root of the repository. */
export function readPage(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8')
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: Block | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (!line.startsWith('```')) open?.text.push(line)
    else if (open !== undefined) open = undefined
    else {
      open = { line: index + 1, info: line.slice(3).trim().split(/\s+/), text: [] }
      blocks.push(open)
    }
  }
  return blocks
}

/** What the info string of a block says as `name=value`. */
function setting(block: Block, name: string): string | undefined {
  return block.info.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** The examples of a page, in its order. Blocks that are not marked are only there to be read. */
export function examplesOf(markdown: string): Example[] {
  const blocks = blocksOf(markdown)
  return blocks.flatMap((block, index) => {
    const [language = ''] = block.info
    const isRun = block.info.includes('run')
    const file = setting(block, 'file') ?? (isRun && language === 'js' ? 'script.js' : undefined)
    if (!isRun && file === undefined) return []
    const next = blocks[index + 1]
    return {
      line: block.line,
      language,
      source: `${block.text.join('\n')}\n`,
      file,
      isRun,
      exitCode: Number(setting(block, 'exit') ?? '0'),
      output: next?.info.includes('output') ? next.text : [],
      isAbout: next?.info.includes('about') ?? false,
    }
  })
}

const squeeze = (text: string): string => text.trim().replace(/\s+/g, ' ')

const withoutNumbers = (text: string): string => text.replace(/\d[\d.]*( ?(ns|µs|ms|s|m|h|kB|MB|B)\b)*(\/s)?/g, '#')

function patternOf(line: string): RegExp {
  const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}

/**
 * The first of the `wanted` lines that the output does not have in its place; undefined when it has all. Blanks are
 * squeezed; with `isAbout`, any number is as good as another.
 */
export function missingLine(output: string, wanted: readonly string[], isAbout = false): string | undefined {
  const reduce = (line: string) => (isAbout ? withoutNumbers(squeeze(line)) : squeeze(line))
  const lines = output.split('\n').map(reduce)
  let at = 0
  for (const line of wanted) {
    const text = reduce(line)
    if (text === '' || text === '…') continue
    const pattern = patternOf(text)
    const found = lines.findIndex((candidate, index) => index >= at && pattern.test(candidate))
    if (found < 0) return line
    at = found + 1
  }
  return undefined
}

/** Rows of the tables of a page whose first cell is code: that word, and the other cells. */
export function codeRows(markdown: string): Map<string, string[]> {
  const rows = new Map<string, string[]>()
  for (const line of markdown.split('\n')) {
    const cells = line.split(/(?<!\\)\|/).slice(1, -1)
    const name = /^\s*`([^`]+)`/.exec(cells[0] ?? '')?.[1]
    if (name !== undefined)
      rows.set(
        name,
        cells.slice(1).map((cell) => cell.trim()),
      )
  }
  return rows
}

/** Everything that a page has as code inside its text, blocks left out. */
export function codeWords(markdown: string): Set<string> {
  const text = markdown.replace(/^```[\s\S]*?^```/gm, '')
  return new Set([...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word!))
}
