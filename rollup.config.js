// Two bundles from what tsc wrote to build/: the guest modules, which each VM evaluates, and the command with its thread.
import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Every guest module of build/modules/k6 becomes an entry named as scripts import it. */
function guestEntries(folder = 'build/modules', found = {}) {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, item.name)
    if (item.isDirectory()) {
      if (item.name !== 'internal') guestEntries(file, found)
    } else if (item.name.endsWith('.js')) {
      const name = relative('build/modules', file).slice(0, -3)
      found[name.replace(/\/index$/, '')] = file
    }
  }
  return found
}

const hostEntries = Object.fromEntries(
  [
    ['belljar', 'build/cli/main.js'],
    ['thread', 'build/engine/thread-main.js'],
    ['index', 'build/index.js'],
  ].filter(([, file]) => existsSync(file)),
)

export default [
  {
    input: guestEntries(),
    // Rollup takes an endless loop for dead code; the bridge has one that waits for the engine's interrupt.
    treeshake: false,
    output: { dir: 'dist/guest', format: 'es', entryFileNames: '[name].js', chunkFileNames: 'internal/[name].js' },
  },
  {
    input: hostEntries,
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('build/'),
    output: { dir: 'dist', format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
  },
]
