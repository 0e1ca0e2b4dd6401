/**
 * Compares what .proto texts mean to belljar with what they mean to protoc: texts of each kind in protos/ and snippets.ts, trees
 * written by chance, and all of them with a mistake made by chance. Trees of edition 2023, which protoc 3.21 does not know, are
 * compared with what @bufbuild/protobuf makes of their features. Prints what differs and `N passed, N failed`; needs protoc.
 *
 *     node build/test/protoc/compare.js [SEED]
 *
 * Another seed makes other trees and other mistakes.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { linkDescriptors, type ReadFile, readWithBelljar } from './belljar.js'
import { bufbuildFacts, ourFacts } from './facts.js'
import { isKnownDifference } from './known-differences.js'
import { mutate } from './mutation.js'
import { descriptorOf, descriptorsOf, normalForm } from './normal-form.js'
import { randomTree } from './proto-tree.js'
import { compileWithProtoc, type ProtoTree, protocVersion } from './protoc.js'
import { Random } from './random.js'
import { snippets } from './snippets.js'

const trees = 150
const mutationsOfTrees = 300
const mutationsOfFiles = 300

/** Files that each compiler brings in a version of its own. */
const ownVersions = new Set([
  'google/protobuf/descriptor.proto',
  'google/protobuf/type.proto',
  'google/protobuf/api.proto',
])

let passed = 0
const failures: string[] = []
const both = { accept: 0, refuse: 0, differOnPurpose: 0 }

function main(seed: number): void {
  const version = protocVersion()
  if (version === undefined) throw new Error('there is no protoc; install protobuf-compiler')
  console.log(`comparing with ${version}, seed ${seed}`)
  part('files', () => {
    const tree = handWritten()
    for (const name of Object.keys(tree)) compare(name, tree, [name])
  })
  part('snippets', () => {
    for (const text of snippets) compare(text, { 'snippet.proto': text }, ['snippet.proto'])
  })
  part('trees', () => {
    for (let i = 0; i < trees; i++) compareTree(`tree ${seed + i}`, randomTree(seed + i))
  })
  part('mistakes', () => mistakes(seed))
  part('editions', () => {
    for (let i = 0; i < trees; i++) compareEdition(`edition tree ${seed + i}`, randomTree(seed + i, true))
  })
  for (const failure of failures.slice(0, 20)) console.log(`\n${failure}`)
  console.log(
    `\n${both.accept} read by both, ${both.refuse} refused by both, ${both.differOnPurpose} differ on purpose`,
  )
  console.log(`${passed} passed, ${failures.length} failed`)
  process.exitCode = failures.length === 0 ? 0 : 1
}

function part(name: string, run: () => void): void {
  const [good, bad] = [passed, failures.length]
  run()
  console.log(`${name}: ${passed - good} passed, ${failures.length - bad} failed`)
}

function handWritten(): ProtoTree {
  const root = join(packageRoot, 'test/protoc/protos')
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(root, name), 'utf8')]))
}

function mistakes(seed: number): void {
  const random = new Random(seed)
  const files = handWritten()
  for (let i = 0; i < mutationsOfTrees + mutationsOfFiles; i++) {
    const isTree = i < mutationsOfTrees
    const tree = isTree ? randomTree(seed + (i % trees)) : files
    const name = random.pick(Object.keys(tree))
    const text = mutate(tree[name]!, random)
    const what = `mistake ${i} in ${name}:\n${change(tree[name]!, text)}`
    compare(what, { ...tree, [name]: text }, isTree ? Object.keys(tree) : [name])
  }
}

/** Where a text differs from another, with a bit around. */
function change(before: string, after: string): string {
  let at = 0
  while (at < before.length && before[at] === after[at]) at++
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 40))
  return `  was ${around(before)}\n  is  ${around(after)}`
}

function compareTree(what: string, tree: ProtoTree): void {
  compare(what, tree, Object.keys(tree))
}

function check(what: string, run: () => void): void {
  try {
    run()
    passed++
  } catch (e) {
    failures.push(`${what}\n${(e as Error).message}`)
  }
}

/** One verdict for all files that are named, and what they import. */
function compare(what: string, tree: ProtoTree, names: readonly string[]): void {
  check(what, () => {
    const theirs = compileWithProtoc(tree, names)
    const ours = readWithBelljar(tree, names)
    if ('error' in ours) {
      // A file that is not there has no place in itself.
      assert.match(ours.error, /^[^ :]+\.proto:\d+:\d+: ./)
      if ('error' in theirs) both.refuse++
      else if (isKnownDifference('belljar', ours.error)) both.differOnPurpose++
      else assert.fail(`only belljar refuses: ${ours.error}`)
      return
    }
    if ('error' in theirs) {
      if (isKnownDifference('protoc', theirs.error)) both.differOnPurpose++
      else assert.fail(`only protoc refuses: ${theirs.error}`)
      return
    }
    both.accept++
    const linkedFromSet = linkDescriptors(theirs.bytes)
    for (const file of theirs.set.file) {
      if (ownVersions.has(file.name)) continue
      const read: ReadFile = ours.files.get(file.name)!
      assert.deepEqual(normalForm(descriptorOf(read)), normalForm(file))
      assert.deepEqual(ourFacts(read.linked), bufbuildFacts(theirs.set.file, file.name))
      // The types of those that come in versions of their own would differ.
      if (!theirs.set.file.some((other) => ownVersions.has(other.name)))
        assert.deepEqual(read.linked.messages, linkedFromSet.get(file.name)!.messages)
    }
  })
}

/** Trees may have clashes of names, for which those that protoc can read are the test. */
function compareEdition(what: string, tree: ProtoTree): void {
  check(what, () => {
    const names = Object.keys(tree)
    const ours = readWithBelljar(tree, names)
    if ('error' in ours) {
      assert.match(ours.error, / already defined at /)
      return
    }
    const descriptors = descriptorsOf(ours.files)
    for (const name of names) assert.deepEqual(ourFacts(ours.files.get(name)!.linked), bufbuildFacts(descriptors, name))
  })
}

main(Number(process.argv[2] ?? 1))
