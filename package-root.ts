/**
 * Where this package lies on disk. The code runs from `build/` (tests) and from `dist/` (the command), so a file that
 * ships with the package is found from the root and not from the module that asks for it.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function find(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('belljar: the package folder was not found')
    folder = parent
  }
  return folder
}

/** Absolute path of the folder that holds package.json. */
export const packageRoot = find()

/** Packages and modules of Node.js that most runs do without are loaded where they are first used, and not at the start. */
export const requirePackage = createRequire(import.meta.url)
