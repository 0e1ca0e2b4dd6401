/**
 * `npm run fuzz`: tries hostile inputs on each boundary, and prints what it finds. See docs/fuzzing.md.
 *
 *     npm run fuzz -- [--target NAME]… [--seconds N] [--seed S] [--coverage] [--input FILE]
 *
 * Ends with `N passed, N failed`, one for each target.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../package-root.js'
import { cleanText } from '../report/clean-text.js'
import { runSession, type SessionResult } from './session.js'
import { targetNames } from './targets/index.js'
import type { Finding } from './thread.js'

const defaultSeconds = 600

const usage = `npm run fuzz -- [--target NAME]… [--seconds N] [--seed S] [--coverage] [--input FILE]
targets: ${targetNames.join(', ')}`

const { values } = flags()

function flags() {
  try {
    return parseArgs({
      options: {
        target: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        input: { type: 'string', multiple: true },
        coverage: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (e) {
    return wrong(`${(e as Error).message}\n\n${usage}`)
  }
}

if (values.help) {
  console.log(usage)
  process.exit()
}

function wrong(problem: string): never {
  console.error(problem)
  process.exit(2)
}

const count = (text: string | undefined, otherwise: number, name: string): number => {
  const number = text === undefined ? otherwise : Number(text)
  return Number.isSafeInteger(number) && number >= 0 ? number : wrong(`--${name} takes a number of 0 or more`)
}

const chosen = values.target ?? targetNames
for (const name of chosen) {
  if (!targetNames.includes(name)) wrong(`there is no target "${name}"; targets are ${targetNames.join(', ')}`)
}
if (values.input !== undefined && chosen.length !== 1) wrong('--input needs --target with one name')
const seconds = values.input === undefined ? count(values.seconds, defaultSeconds, 'seconds') : 0
const seed = count(values.seed, Date.now() % 1_000_000_000, 'seed')

/** Files of a folder of the repository; none when there is no such folder. */
function filesIn(...path: string[]): string[] {
  const folder = join(packageRoot, ...path)
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

/** Keeps the input of a finding beside those that were fixed: from then on, each run tries it first. */
function keep(target: string, { input }: Finding): string {
  const folder = join(packageRoot, 'fuzz/findings', target)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16))
  writeFileSync(file, input)
  return relative(process.cwd(), file)
}

function line(
  target: string,
  { executions, answers, blocks, seconds, peakRssBytes }: SessionResult,
  findings: number,
): string {
  const facts = [`${executions} inputs`, `${answers} different answers`, `${seconds.toFixed(1)} s`]
  if (blocks > 0) facts.push(`${blocks} blocks`)
  const memory = `${Math.round(peakRssBytes / 1024 ** 2)} MB`
  return `${findings === 0 ? '✔' : '✘'} ${target}: ${[...facts, memory].join(', ')}, ${findings} findings`
}

console.log(`seed ${seed}`)
let failed = 0
for (const target of chosen) {
  let findings = 0
  const result = await runSession({
    target,
    seed,
    seconds,
    isGuided: values.coverage === true,
    inputFiles: values.input ?? filesIn('fuzz/findings', target),
    onFinding(finding) {
      findings++
      const file = values.input === undefined ? keep(target, finding) : values.input.join(', ')
      console.log(`\n${target}: ${cleanText(finding.title)}\n  input: ${file} (${finding.input.byteLength} bytes)`)
      console.log(cleanText(finding.stack, true).replace(/^/gm, '  '))
    },
  })
  if (findings > 0) failed++
  console.log(line(target, result, findings))
}
console.log(`${chosen.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
