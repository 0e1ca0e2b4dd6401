/** What a check found, for people and for programs. Pure. */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../../engine/rehearsal.js'
import { cleanText, jsonText } from '../../report/clean-text.js'

export interface CheckedScript {
  /** As the user named it. */
  readonly script: string
  readonly findings: readonly Finding[]
  readonly exitCode: number
}

/** The path of a file of the script, from the working directory if it is below that. */
function pathOf(url: string): string {
  try {
    const path = fileURLToPath(url)
    const near = relative(process.cwd(), path)
    return near === '' || near.startsWith('..') ? path : near
  } catch {
    return url
  }
}

/** One line for each finding, as compilers write them, and one for the whole script. */
export function findingsText({ script, findings }: CheckedScript): string {
  const lines = findings.map(({ severity, text, hint, place, during }) => {
    const where = place === undefined ? script : `${pathOf(place.file)}:${place.line}:${place.column}`
    const part = place === undefined && during !== undefined && !text.includes(during) ? ` (${during})` : ''
    return cleanText(`${where}: ${severity}: ${text}${part}${hint === undefined ? '' : `; ${hint}`}`)
  })
  return `${[...lines, cleanText(`${script}: ${verdict(findings)}`)].join('\n')}\n`
}

function verdict(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']) => {
    const found = findings.filter((finding) => finding.severity === severity).length
    return found === 0 ? [] : [`${found} ${severity}${found === 1 ? '' : 's'}`]
  }
  const counts = [...count('error'), ...count('warning')]
  return counts.length === 0 ? 'no problems' : counts.join(', ')
}

/** All scripts as one JSON text. */
export function findingsJson(checked: readonly CheckedScript[]): string {
  const scripts = checked.map(({ script, findings, exitCode }) => ({
    script,
    exitCode,
    findings: findings.map(({ severity, text, hint, place, during }) => ({
      severity,
      text,
      ...(hint === undefined ? {} : { hint }),
      ...(place === undefined ? {} : { file: pathOf(place.file), line: place.line, column: place.column }),
      ...(during === undefined ? {} : { during }),
    })),
  }))
  return `${jsonText({ scripts }, 2)}\n`
}
