// One file of a CommonJS package and all that it requires: finding and loading a file takes Node.js half a millisecond, and
// some packages are fifty files.
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'

const licences = ['LICENSE', 'LICENSE.md', 'LICENCE']

/** The folder of the package that a file belongs to. */
function packageFolder(file) {
  let folder = dirname(file)
  while (!isPackage(folder)) folder = dirname(folder)
  return folder
}

/** A package.json without a name only says what kind of modules a folder has. */
function isPackage(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name !== undefined
  } catch {
    return false
  }
}

function licenceOf(folder) {
  for (const name of licences) {
    try {
      return readFileSync(join(folder, name), 'utf8').replaceAll('*/', '* /')
    } catch {}
  }
  throw new Error(`${folder} has no licence that could go into the bundle`)
}

/** Every file that is required with a literal, from `entry` on, with what its requests mean. */
function filesFrom(entry, found = new Map()) {
  if (found.has(entry)) return found
  const source = readFileSync(entry, 'utf8')
  const requests = new Map()
  found.set(entry, { source, requests })
  const { resolve } = createRequire(entry)
  for (const [, request] of source.matchAll(/\brequire\(\s*["']([^"']+)["']\s*\)/g)) {
    if (isBuiltin(request)) continue
    const file = resolved(request, resolve)
    if (file === undefined) continue
    requests.set(request, file)
    filesFrom(file, found)
  }
  return found
}

/** Undefined for what is not there: an example in a comment, or what the package does without. */
function resolved(request, resolve) {
  try {
    return resolve(request)
  } catch {
    return undefined
  }
}

/** The text of a CommonJS module that exports what the package does. */
export function packageBundle(name) {
  const files = filesFrom(createRequire(import.meta.url).resolve(name))
  const numbers = new Map([...files.keys()].map((file, number) => [file, number]))
  const folders = new Set([...files.keys()].map(packageFolder))
  const modules = [...files.values()].map(({ source, requests }) => {
    const known = Object.fromEntries([...requests].map(([request, file]) => [request, numbers.get(file)]))
    return `[${JSON.stringify(known)}, function (module, exports, require) {${source}\n}],\n`
  })
  return `/*\n${[...folders].map(licenceOf).join('\n')}*/
const modules = [
${modules.join('')}]
const loaded = []
function load(number) {
  if (loaded[number] === undefined) {
    const module = (loaded[number] = { exports: {} })
    const [known, body] = modules[number]
    body.call(module.exports, module, module.exports, (name) => (name in known ? load(known[name]) : require(name)))
  }
  return loaded[number].exports
}
module.exports = load(0)
`
}
